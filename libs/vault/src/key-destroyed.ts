/** What has to be written belongs to a stream whose key has been destroyed: it has no future. Nothing was sealed. */
export class KeyDestroyed extends Error {
  readonly code = 'KEY_DESTROYED';
  constructor(stream: string, options?: { readonly cause?: unknown }) {
    super(`The key of stream ${stream} has been destroyed, so nothing more can be sealed for it.`, options);
    this.name = 'KeyDestroyed';
  }
}
