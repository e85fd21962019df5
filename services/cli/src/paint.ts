import type { Host } from './host.ts';

export type Colour = 'dim' | 'bold' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<Colour, number>> = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Colours what goes to standard output: on a terminal only, and not where NO_COLOR says no (https://no-color.org). */
export const painter = ({ env, isTerminal }: Pick<Host, 'env' | 'isTerminal'>) => {
  const isColoured = isTerminal.stdout && !env.NO_COLOR;
  return (colour: Colour, text: string): string => (isColoured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
};

export type Paint = ReturnType<typeof painter>;

/** What others wrote, on one line: nothing in it can move the cursor or colour the terminal. */
export const tame = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u00b7');
