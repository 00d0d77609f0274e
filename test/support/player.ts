/*
 * Browser code is a program of its own, with types of its own, which these specs cannot share:
 * they load its modules by address.
 */

/** A module of `player/` that needs no browser. */
export function playerModule(name: string) {
  return import(new URL(`../../player/${name}`, import.meta.url).href)
}
