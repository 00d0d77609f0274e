import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/*
 * `netns-echo.ts ADDRESS` sends every datagram back and prints its port;
 * `netns-echo.ts ADDRESS PORT COUNT GAP` sends COUNT datagrams GAP ms apart there and prints, as
 * JSON, the round-trip times in ms of those that came back within half a second.
 */
const [address = '', port, count, gap] = process.argv.slice(2)
const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')

if (port === undefined) {
  socket.on('message', (datagram, from) => socket.send(datagram, from.port, from.address))
  socket.bind(0, address, () => process.stdout.write(`${socket.address().port}\n`))
} else {
  const sent: number[] = []
  const times: number[] = []
  socket.on('message', (datagram) => {
    times.push(performance.now() - sent[datagram.readUInt32BE(0)]!)
  })
  const send = (): void => {
    const datagram = Buffer.alloc(100)
    datagram.writeUInt32BE(sent.length)
    sent.push(performance.now())
    socket.send(datagram, Number(port), address)
    if (sent.length < Number(count)) setTimeout(send, Number(gap))
    else setTimeout(finish, 500)
  }
  const finish = (): void => {
    process.stdout.write(`${JSON.stringify(times)}\n`)
    socket.close()
  }
  send()
}
