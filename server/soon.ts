/** After the first call of several, in ms. */
const delay = 100

/** Does something a little later, once for all calls until then. */
export function soon(act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      act()
    }, delay).unref()
  }
}
