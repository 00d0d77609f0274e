// Evaluated in the watch page by test/support/watching-pages.ts: a record of what it shows.
{
  const video = document.querySelector('video')
  const root = document.documentElement
  let shownAt = performance.now()
  let notLiveSince
  let freeze = 0
  let notLive = 0
  let states = []
  const show = () => {
    const now = performance.now()
    freeze = Math.max(freeze, now - shownAt)
    shownAt = now
    video.requestVideoFrameCallback(show)
  }
  video.requestVideoFrameCallback(show)
  const look = () => {
    const now = performance.now()
    const { state = '' } = root.dataset
    if (states.at(-1) !== state) states.push(state)
    if (state !== 'live') notLiveSince ??= now
    else if (notLiveSince !== undefined) {
      notLive = Math.max(notLive, now - notLiveSince)
      notLiveSince = undefined
    }
  }
  new MutationObserver(look).observe(root, { attributeFilter: ['data-state'] })
  globalThis.watching = {
    mark: () => {
      freeze = 0
      notLive = 0
      states = []
      shownAt = performance.now()
    },
    report: () => {
      const now = performance.now()
      return {
        freeze: Math.max(freeze, now - shownAt),
        notLive: Math.max(notLive, now - (notLiveSince ?? now)),
        states,
        origin: location.origin,
      }
    },
  }
}
