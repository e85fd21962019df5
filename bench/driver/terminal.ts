/** Where the bench is, for who waits: one line that is written over on a terminal, lines anywhere else. */
export const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
  else process.stderr.write(`${text}\n`);
};

/** Clears the line of `progress`, for results that stay. */
export const say = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  process.stdout.write(`${text}\n`);
};
