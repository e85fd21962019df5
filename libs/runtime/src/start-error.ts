type Coded = { readonly code?: unknown; readonly path?: unknown; readonly syscall?: unknown };

/** What a person is told when the server could not start: what, why, and what to do. */
export const startError = (
  error: unknown,
  at: { readonly host: string; readonly port: number; readonly dataDir: string },
): string => {
  const { code, path, syscall } = (typeof error === 'object' && error !== null ? error : {}) as Coded;
  const { host, port, dataDir } = at;
  switch (`${syscall === 'listen' ? 'listen ' : ''}${String(code)}`) {
    case 'listen EADDRINUSE':
      return `Port ${port} of ${host} is taken. Stop what listens there, or choose another one: SIGNALBOX_PORT=3001 npm start`;
    case 'listen EACCES':
      return `Port ${port} of ${host} may not be used by this user: ports below 1024 need a privilege. Choose another one: SIGNALBOX_PORT=3000`;
    case 'listen EADDRNOTAVAIL':
      return `${host} is no address of this machine. Set SIGNALBOX_HOST to one that is, or to 0.0.0.0 for all of them.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} is not known. Set SIGNALBOX_HOST to an address of this machine.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return `The data directory ${dataDir} cannot be written (${String(code)}${path ? ` at ${String(path)}` : ''}). Give it to this user, or name another one: SIGNALBOX_DATA_DIR.`;
    case 'ECONNREFUSED':
    case 'LOG_UNAVAILABLE':
    case 'VIEWS_UNAVAILABLE':
    case 'BUS_UNAVAILABLE':
      return `${error instanceof Error ? error.message : 'A server is away.'} Is it running, and is its address right? See SIGNALBOX_EVENTSTOREDB_URL, SIGNALBOX_KAFKA_BROKERS and SIGNALBOX_REDIS_URL.`;
    case 'ENOENT':
      return `The file ${String(path)} is not there. Look at SIGNALBOX_TLS_CERT_FILE and SIGNALBOX_TLS_KEY_FILE.`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
};
