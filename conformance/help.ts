import { limits } from './arguments.ts'

/** What `--help` prints. */
export const helpText = `Tries a server's WHIP and WHEP endpoints by the clauses of RFC 9725 and draft-ietf-wish-whep.

  npm run conformance -- --url http://127.0.0.1:8080 --token KEY
  npm run conformance -- --whip http://127.0.0.1:8889/test/whip --whep http://127.0.0.1:8889/test/whep

  --whip URL              the WHIP endpoint; this tool publishes there what --whep is tried with
  --whep URL              the WHEP endpoint of the same stream; alone, somebody must publish it
  --url URL               a server with /whip/STREAM and /whep/STREAM, in place of the two
  --stream NAME           with --url (conformance)
  --token TOKEN           sent as "Authorization: Bearer TOKEN" to both endpoints
  --publish-token TOKEN   for WHIP only
  --play-token TOKEN      for WHEP only
  --report FILE           writes the report there as Markdown, too
  --rate N                requests a second, ${limits.rate.least} to ${limits.rate.most} (${limits.rate.usual})
  --timeout SECONDS       that an answer may take, ${limits.timeout.least} to ${limits.timeout.most} (${limits.timeout.usual})
  --insecure              HTTPS: takes any certificate
  --ca FILE               HTTPS: trusts these certificates (PEM), too

What the verdicts mean: docs/conformance.md

Exit code: 0 when no MUST failed, 1 otherwise, 2 when the command line cannot be obeyed.
`
