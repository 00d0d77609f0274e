import type { Message, MessageOf } from '#control/messages.ts'

/** SSRCs of the runs that begin with this message. */
export function ssrcsOf(message: Message): number[] {
  if (message.type === 'layers') return message.layers.flatMap(({ run }) => run?.ssrc ?? [])
  if (message.type !== 'subscribed' && message.type !== 'epoch') return []
  return message.tracks.flatMap(({ layers }) => layers.flatMap(({ run }) => run?.ssrc ?? []))
}

/** What a schema cannot say of a publication: every name stands for one thing. */
export function publicationFault({
  tracks,
}: MessageOf<'subscribed' | 'epoch'>): string | undefined {
  if (new Set(tracks.map(({ kind }) => kind)).size < tracks.length) {
    return 'two tracks are of one kind'
  }
  const isAmbiguous = tracks.some(({ layers }) => {
    return new Set(layers.map(({ rid }) => rid)).size < layers.length
  })
  return isAmbiguous ? 'two layers of a track have one name' : undefined
}
