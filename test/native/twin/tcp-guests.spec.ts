import { describe, expect, it } from 'vitest'
import { TcpGuests } from '#native/twin/tcp-guests.ts'

describe('how many may be connected', () => {
  it('without a word of theirs: 64 of one address, and the oldest goes for the 513th', () => {
    const guests = new TcpGuests<{ readonly address: string }>()
    for (let i = 0; i < 512; i++) {
      const address = `192.0.2.${Math.floor(i / 64)}`
      expect(guests.welcomes(address)).toBe(true)
      expect(guests.oldestUnproved).toBeUndefined()
      guests.enter({ address })
    }
    expect(guests.welcomes('192.0.2.0')).toBe(false)
    expect(guests.welcomes('192.0.2.8')).toBe(true)
    const oldest = guests.oldestUnproved!
    expect(oldest.address).toBe('192.0.2.0')
    guests.leave(oldest)
    expect(guests.oldestUnproved).toBeUndefined()
    expect(guests.welcomes('192.0.2.0')).toBe(true)
  })

  it('as peers: 512 of one address, 8192 in all', () => {
    const guests = new TcpGuests<{ readonly address: string }>()
    for (let i = 0; i < 8192; i++) {
      const guest = { address: `198.51.100.${Math.floor(i / 512)}` }
      expect(guests.welcomes(guest.address)).toBe(true)
      guests.enter(guest)
      guests.prove(guest)
      expect(guests.isProved(guest)).toBe(true)
    }
    expect(guests.welcomes('203.0.113.1')).toBe(false)
  })

  it('counts a network of IPv6 as one', () => {
    const guests = new TcpGuests<{ readonly address: string }>()
    for (let i = 0; i < 64; i++) guests.enter({ address: `2001:db8:1:2::${i}` })
    expect(guests.welcomes('2001:db8:1:2:3:4:5:6')).toBe(false)
    expect(guests.welcomes('2001:db8:1:3::1')).toBe(true)
  })
})
