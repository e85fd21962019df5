import { componentValue } from './components.ts';
import type { SignedRequest } from './request.ts';
import type { SignatureInput } from './structured-fields.ts';

/** The text that is signed (RFC 9421, section 2.5), or why there is none for this request. */
export type SignatureBase =
  | { readonly kind: 'base'; readonly text: string }
  /** `component` is covered, but `why`. */
  | { readonly kind: 'impossible'; readonly component: string; readonly why: string };

/** The text is printable ASCII with line feeds, so its bytes are the same in every encoding. */
export const signatureBase = (request: SignedRequest, input: SignatureInput): SignatureBase => {
  let text = '';
  for (const component of input.components) {
    const value = componentValue(request, component);
    if (typeof value !== 'string') return { kind: 'impossible', component: component.identifier, why: value.why };
    text += `${component.identifier}: ${value}\n`;
  }
  return { kind: 'base', text: `${text}"@signature-params": ${input.text}` };
};
