/** A named service that an offer stands for: `chat@1.2.0`. */
export type Service = { readonly name: string; readonly version: string };
