/** The atomic steps in Redis, in Lua. All take the prefix of the keys as `KEYS[1]`. */

// A key that a stranger left with another type under a name of ours gives way.
const act = `
local prefix = KEYS[1]
local function act(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if string.find(reply.err, 'WRONGTYPE', 1, true) then redis.call('DEL', key) end
  return redis.call(command, key, ...)
end
local function publish(version, body)
  redis.call('PUBLISH', prefix .. 'changes', '{"version":' .. version .. ',' .. body)
end
local function number(value) return string.format('%.0f', value) end
`

// Who claimed the stream last: it outlives the claim, so that no epoch is given twice. Epochs
// past 2^53 cannot be counted on from, and are nobody's.
const owners = `
local function ownerOf(stream)
  local text = act('GET', prefix .. 'owner:' .. stream)
  if not text then return end
  local epoch, origin = string.match(text, '^(%d+) (.+)$')
  epoch = tonumber(epoch)
  if epoch and epoch < 9007199254740991 then return epoch, origin end
end
local function own(stream, epoch, node, memory)
  redis.call('SET', prefix .. 'owner:' .. stream, epoch .. ' ' .. node, 'PX', memory)
end
`

/** node, lease, memory, version, stream, least epoch, record up to its epoch. Gives the epoch. */
const claim = `${act}${owners}
local node, lease, memory, version, stream, least, head = unpack(ARGV)
local epoch = tonumber(least)
local stored = ownerOf(stream)
if stored and stored >= epoch then epoch = stored + 1 end
epoch = number(epoch)
own(stream, epoch, node, memory)
local record = head .. epoch .. '}'
act('HSET', prefix .. 'claims:' .. node, stream, record, '@version', version)
redis.call('PEXPIRE', prefix .. 'claims:' .. node, lease)
publish(version, '"kind":"claim","record":' .. record .. '}')
return epoch
`

/**
 * node, lease, memory, first version, then of each claim: stream, epoch, record. Gives of each
 * that was refused: stream, epoch and origin of the claim that stands, its record or ''.
 */
const put = `${act}${owners}
local node, lease, memory, version = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local claims = prefix .. 'claims:' .. node
local refused = {}
for at = 5, #ARGV, 3 do
  local stream, text, record = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local epoch = tonumber(text)
  local stored, origin = ownerOf(stream)
  if stored and (stored > epoch or (stored == epoch and origin > node)) then
    local theirs = act('HGET', prefix .. 'claims:' .. origin, stream)
    for _, part in ipairs({ stream, number(stored), origin, theirs or '' }) do
      table.insert(refused, part)
    end
    act('HDEL', claims, stream)
  else
    own(stream, text, node, memory)
    act('HSET', claims, stream, record)
    publish(number(version), '"kind":"claim","record":' .. record .. '}')
  end
  act('HSET', claims, '@version', number(version))
  version = version + 1
end
redis.call('PEXPIRE', claims, lease)
return refused
`

/** node, memory, then of each claim: stream, epoch. Gives the streams that are not so any more. */
const check = `${act}${owners}
local node, memory = ARGV[1], ARGV[2]
local odd = {}
for at = 3, #ARGV, 2 do
  local stored, origin = ownerOf(ARGV[at])
  if stored == tonumber(ARGV[at + 1]) and origin == node then
    redis.call('PEXPIRE', prefix .. 'owner:' .. ARGV[at], memory)
  else
    table.insert(odd, ARGV[at])
  end
end
return odd
`

/**
 * A node's hash, lease, first version, then of each change: stream, record or '' for none, and
 * what is published of it but for its version.
 */
const edit = `${act}
local hash, lease, version = prefix .. ARGV[1], ARGV[2], tonumber(ARGV[3])
for at = 4, #ARGV, 3 do
  local stream, record = ARGV[at], ARGV[at + 1]
  if record == '' then act('HDEL', hash, stream) else act('HSET', hash, stream, record) end
  act('HSET', hash, '@version', number(version))
  publish(number(version), ARGV[at + 2])
  version = version + 1
end
redis.call('PEXPIRE', hash, lease)
`

/** node, lease, version: the node's two hashes are empty, and as of that version. */
const clear = `${act}
for _, name in ipairs({ 'claims:', 'carriers:' }) do
  redis.call('DEL', prefix .. name .. ARGV[1])
  redis.call('HSET', prefix .. name .. ARGV[1], '@version', ARGV[3])
  redis.call('PEXPIRE', prefix .. name .. ARGV[1], ARGV[2])
end
`

/**
 * node, lease, its presence, a name for this filling of Redis if it has none, a message, and
 * 'loud' to publish it even if the node's lease still held. Gives the name that the filling has,
 * and the versions of the node's two hashes.
 */
const announce = `${act}
local node, lease, presence, filling, message, loud = unpack(ARGV)
if redis.call('EXISTS', prefix .. 'node:' .. node) == 0 then loud = 'loud' end
redis.call('SET', prefix .. 'node:' .. node, presence, 'PX', lease)
act('SADD', prefix .. 'nodes', node)
local reply = {}
reply[1] = act('GET', prefix .. 'filling')
if not reply[1] then
  redis.call('SET', prefix .. 'filling', filling)
  reply[1] = filling
end
for _, name in ipairs({ 'claims:', 'carriers:' }) do
  table.insert(reply, act('HGET', prefix .. name .. node, '@version') or '')
  redis.call('PEXPIRE', prefix .. name .. node, lease)
end
if loud == 'loud' then redis.call('PUBLISH', prefix .. 'changes', message) end
return reply
`

/** node, its incarnation, what is published. A later process of the node stays. */
const leave = `${act}
local node, incarnation, message = unpack(ARGV)
local presence = act('GET', prefix .. 'node:' .. node) or ''
local stored = string.match(presence, '^{"incarnation":(%d+)')
if stored and stored ~= incarnation then return end
for _, name in ipairs({ 'node:', 'claims:', 'carriers:' }) do
  redis.call('DEL', prefix .. name .. node)
end
act('SREM', prefix .. 'nodes', node)
redis.call('PUBLISH', prefix .. 'changes', message)
`

/** Nodes; those whose lease has expired are listed no more. */
const sweep = `${act}
for _, node in ipairs(ARGV) do
  if redis.call('EXISTS', prefix .. 'node:' .. node) == 0 then
    act('SREM', prefix .. 'nodes', node)
  end
end
`

export const redisScripts = { claim, put, check, edit, clear, announce, leave, sweep } as const
export type RedisScript = keyof typeof redisScripts
