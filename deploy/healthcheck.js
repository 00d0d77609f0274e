// Ends with code 0 where the node in this container answers, as its settings say where.
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

const { TAILRACE_HTTP_PORT: port = '8080', TAILRACE_TLS_CERT: certificate } = process.env

// The name in the certificate is the outside's; this asks the process beside it.
const options = { host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false }
const get = certificate ? getSecure : getPlain

get(options, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('error', () => process.exit(1))
  .setTimeout(2_000, () => process.exit(1))
