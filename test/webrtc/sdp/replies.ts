interface ReplyChoices {
  /** Payload types of video that it lists; all without. */
  readonly formats?: readonly string[]
  readonly rejected?: readonly ('audio' | 'video')[]
}

/** What a browser answers to an offer of ours: its lines are the offer's, seen from there. */
export function replyTo(offer: string, choices: ReplyChoices = {}): string {
  const [session = '', ...sections] = offer.split(/(?=^m=)/m)
  const taken = sections.map((section) =>
    choices.rejected?.some((kind) => section.startsWith(`m=${kind}`)) ? reject(section) : section,
  )
  const head = session.replace('a=ice-lite\r\n', '').replace(/^o=.*$/m, 'o=- 7 2 IN IP4 127.0.0.1')
  const reply = [head, ...taken.map((section) => narrowed(section, choices.formats))].join('')
  return reply
    .replaceAll('a=sendonly', 'a=recvonly')
    .replaceAll('a=setup:actpass', 'a=setup:active')
    .replaceAll(/^a=ice-ufrag:.*$/gm, 'a=ice-ufrag:ovV1')
    .replaceAll(/^a=ice-pwd:.*$/gm, 'a=ice-pwd:replyPwd0123456789abcdef')
    .replaceAll(/^(a=fingerprint:sha-256 ).*$/gm, `$1${'AB:'.repeat(31)}AB`)
    .replaceAll(
      /^a=(?:rtcp-mux-only|candidate|end-of-candidates|ssrc|ssrc-group|msid)\b.*\r\n/gm,
      '',
    )
}

// As Chromium writes it: without a transport.
function reject(section: string): string {
  const [heading = ''] = section.split('\r\n', 1)
  const mid = /^a=mid:.*$/m.exec(section)![0]
  const lines = [heading.replace(/ 9 /, ' 0 '), 'c=IN IP4 0.0.0.0', mid, 'a=inactive']
  return `${lines.join('\r\n')}\r\n`
}

function narrowed(section: string, formats: readonly string[] | undefined): string {
  if (!formats || !section.startsWith('m=video 9')) return section
  return section
    .replace(/^(m=video 9 \S+) .*$/m, `$1 ${formats.join(' ')}`)
    .replaceAll(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) .*\r\n/gm, (line, format) =>
      formats.includes(format) ? line : '',
    )
}
