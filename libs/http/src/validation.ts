import { catalogue, type ErrorCode } from '@signalbox/contracts';
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import type { z } from 'zod';
import { type FieldError, ProblemError } from './problem.ts';

const PARTS: Readonly<Record<string, string>> = {
  querystring: 'query',
  params: 'path',
  body: 'body',
  headers: 'headers',
};

const MAX_ERRORS = 20;
const MAX_MESSAGE = 300;

/** `body.offers[0].sdp` */
const pathOf = (part: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`), part);

const fieldError = (part: string, { path, message }: z.core.$ZodIssue): FieldError => ({
  path: pathOf(part, path).slice(0, MAX_MESSAGE),
  message: message.slice(0, MAX_MESSAGE),
});

/** A schema can name a code of the catalogue for what it refuses: `refine(…, { params: { code: 'INVALID_TAG' } })`. */
const codeOf = (issue: z.core.$ZodIssue | undefined): ErrorCode => {
  const code: unknown = issue?.code === 'custom' ? issue.params?.code : undefined;
  return typeof code === 'string' && Object.hasOwn(catalogue, code) ? (code as ErrorCode) : 'INVALID_PARAMS';
};

/** The problem that says what a schema found wrong in one part of a request. */
export const invalid = (part: string, issues: readonly z.core.$ZodIssue[]): ProblemError =>
  new ProblemError(codeOf(issues[0]), {
    errors: issues.slice(0, MAX_ERRORS).map((issue) => fieldError(part, issue)),
  });

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = PARTS[httpPart ?? 'body'] ?? 'body';
  return (data: unknown) => {
    // Fastify shows a body that is not there as null.
    const parsed = schema.safeParse(part === 'body' && data === null ? undefined : data);
    return parsed.success ? { value: parsed.data } : { error: invalid(part, parsed.error.issues) };
  };
};

/** An answer that does not match its schema: a fault of ours. */
export class UnexpectedAnswer extends Error {
  readonly code = 'UNEXPECTED_ANSWER';
  constructor(route: string, issues: readonly z.core.$ZodIssue[]) {
    const wrong = issues.map((issue) => `${pathOf('answer', issue.path)} ${issue.message}`).join('; ');
    super(`The answer of ${route} does not match its schema: ${wrong}`);
    this.name = 'UnexpectedAnswer';
  }
}

/**
 * Answers are written as they are: our own code made them, and the compiler has checked their types. With `check`,
 * each is compared with its schema first.
 */
export const serializerCompiler =
  (check: boolean): FastifySerializerCompiler<z.ZodType> =>
  ({ schema, method, url }) => {
    if (!check) return (answer) => JSON.stringify(answer);
    return (answer) => {
      const parsed = schema.safeParse(answer);
      if (!parsed.success) throw new UnexpectedAnswer(`${method} ${url}`, parsed.error.issues);
      return JSON.stringify(answer);
    };
  };
