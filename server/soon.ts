/** After the first call of several, in ms. */
const delay = 100

/** Does something a little later, once for all calls until then. */
export function soon(act: () => void): () => void {
  let isSet = false
  return () => {
    if (isSet) return
    isSet = true
    setTimeout(() => {
      isSet = false
      act()
    }, delay).unref()
  }
}
