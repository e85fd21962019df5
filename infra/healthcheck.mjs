// Asks the server in this container whether it is ready; by TLS where it serves TLS of its own, whose certificate names
// another host than this loopback address.
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const { SIGNALBOX_PORT: port = '3000', SIGNALBOX_TLS_CERT_FILE: tls = '' } = process.env;
const get = tls === '' ? getHttp : getHttps;
const request = get(
  { host: '127.0.0.1', port, path: '/ready', rejectUnauthorized: false, timeout: 2_000 },
  (response) => {
    process.exit(response.statusCode === 200 ? 0 : 1);
  },
);
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
