const KIND = /\btyp (host|srflx|prflx|relay)\b/;

/** Clients wrap a candidate's text in one object or two. @param {unknown} candidate @returns {unknown} */
const textOf = (candidate) =>
  typeof candidate === 'object' && candidate !== null && 'candidate' in candidate
    ? textOf(candidate.candidate)
    : candidate;

/** What a candidate is, in a word. A client may seal what it sends: then nobody but its peer knows. @param {unknown} candidate */
const kindOf = (candidate) => {
  const text = textOf(candidate);
  if (text === null || text === '') return 'end';
  if (typeof text !== 'string') return 'opaque';
  if (text.includes('end-of-candidates')) return 'end';
  const kind = KIND.exec(text)?.[1] ?? 'opaque';
  return kind === 'host' && text.includes('.local') ? 'mDNS' : kind;
};

/** `3 candidates: 2 host, srflx` @param {readonly unknown[]} candidates */
export const candidatesInWords = (candidates) => {
  const kinds = candidates.map(kindOf);
  const sent = kinds.filter((kind) => kind !== 'end');
  const end = sent.length < kinds.length ? 'end of candidates' : '';
  if (sent.length === 0) return end || 'no candidates';
  const counted = [...new Set(sent)].map((kind) => {
    const count = sent.filter((other) => other === kind).length;
    return count === 1 ? kind : `${count} ${kind}`;
  });
  const words = `${sent.length} ${sent.length === 1 ? 'candidate' : 'candidates'}: ${counted.join(', ')}`;
  return end ? `${words}; ${end}` : words;
};

/** Those within an SDP, in words; empty when it has none. @param {unknown} sdp */
export const candidatesWithin = (sdp) => {
  if (typeof sdp !== 'string') return '';
  // Some clients send the whole description as JSON, where line ends are escaped.
  const lines = sdp.split(/\r?\n|(?:\\r)?\\n/).filter((line) => /^a=(?:candidate:|end-of-candidates)/.test(line));
  return lines.length === 0 ? '' : candidatesInWords(lines);
};
