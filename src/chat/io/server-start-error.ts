/** `file`: one of the three text files cannot be read, written or understood. `listen`: the port. */
export type ServerStartErrorCode = 'file' | 'listen';

/** Why a server did not start. The message is one line for a person and names the file or port. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  readonly code: ServerStartErrorCode;

  constructor(code: ServerStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
