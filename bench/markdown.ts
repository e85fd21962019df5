export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
};

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

export const section = (title: string, text: string, wanted = true): readonly string[] =>
  wanted ? [`## ${title}`, text] : [];
