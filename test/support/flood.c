/*
 * A flood from strangers on this machine, bounded in rate and time.
 *
 * Usage: flood KIND ADDRESS PORT RATE SECONDS [UFRAG]
 * Sends RATE datagrams (or makes RATE connections) a second, from many ports of many addresses of
 * 127.0.0.0/8, for SECONDS, at the lowest priority but one. KIND is one of
 *   stun            checks of a ufrag that nobody has, with a right FINGERPRINT
 *   forged          checks of UFRAG, with a MESSAGE-INTEGRITY that is wrong
 *   dtls            ClientHellos; dtls-fragments: the first fragments of them
 *   rtp             what looks like SRTP and SRTCP
 *   tcp-close       connections closed at once
 *   tcp-silent      connections that say nothing, 256 at a time
 *   tcp-garbage     connections that say what is no frame
 * stdout: "SENT SECONDS CPU_MS", when it is over.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOURCES = 64, BATCH = 32, ROOM = 512, HELD = 256 };

static uint64_t seed = 88172645463325252ULL;
static struct sockaddr_in target;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* xorshift64*. */
static uint32_t draw(void) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return (uint32_t)((seed * 2685821657736338717ULL) >> 32);
}

static void fill(uint8_t *into, size_t length) {
  for (size_t i = 0; i < length; i++) into[i] = (uint8_t)draw();
}

static void write16(uint8_t *into, size_t value) {
  into[0] = (uint8_t)(value >> 8);
  into[1] = (uint8_t)value;
}

static uint32_t crc32(const uint8_t *bytes, size_t length) {
  static uint32_t table[256];
  for (uint32_t i = 0; i < 256 && !table[255]; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  uint32_t crc = ~0U;
  for (size_t i = 0; i < length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
  return ~crc;
}

static size_t attribute(uint8_t *at, unsigned type, const void *value, size_t length) {
  write16(at, type);
  write16(at + 2, length);
  memset(at + 4, 0, (length + 3) & ~(size_t)3);
  memcpy(at + 4, value, length);
  return 4 + ((length + 3) & ~(size_t)3);
}

/* A binding request as a browser sends it, but for the password. */
static size_t write_check(uint8_t *into, const char *ufrag) {
  char user[128];
  uint8_t random[20];
  if (ufrag) snprintf(user, sizeof user, "%s:%08x", ufrag, draw());
  else snprintf(user, sizeof user, "%08x%04x:%08x", draw(), draw() & 0xffff, draw());
  fill(random, sizeof random);
  write16(into, 0x0001);
  memcpy(into + 4, "\x21\x12\xa4\x42", 4);
  fill(into + 8, 12);
  size_t at = 20;
  at += attribute(into + at, 0x0006, user, strlen(user));
  at += attribute(into + at, 0x0024, random, 4);
  at += attribute(into + at, 0x802a, random, 8);
  at += attribute(into + at, 0x0025, random, 0);
  at += attribute(into + at, 0x0008, random, 20);
  write16(into + 2, at + 8 - 20);
  uint32_t print = htonl(crc32(into, at) ^ 0x5354554e);
  return at + attribute(into + at, 0x8028, &print, 4);
}

static size_t write_hello(uint8_t *into, int fragment) {
  const size_t body = 180, part = fragment ? 60 : body;
  memcpy(into, "\x16\xfe\xfd\0\0\0\0\0\0\0\0", 11);
  write16(into + 11, 12 + part);
  into[13] = 1;
  into[14] = 0;
  write16(into + 15, body);
  write16(into + 17, fragment ? draw() & 7 : 0);
  memset(into + 19, 0, 4);
  write16(into + 23, part);
  fill(into + 25, part);
  memcpy(into + 25, "\xfe\xfd", 2);
  return 25 + part;
}

static size_t write_media(uint8_t *into) {
  size_t length = 40 + draw() % 300;
  fill(into, length);
  into[0] = 0x80;
  into[1] = draw() & 1 ? 96 : 201;
  return length;
}

static size_t write_one(uint8_t *into, const char *kind, const char *ufrag) {
  if (strcmp(kind, "stun") == 0) return write_check(into, NULL);
  if (strcmp(kind, "forged") == 0) return write_check(into, ufrag);
  if (strcmp(kind, "dtls") == 0) return write_hello(into, 0);
  if (strcmp(kind, "dtls-fragments") == 0) return write_hello(into, 1);
  if (strcmp(kind, "rtp") == 0) return write_media(into);
  fprintf(stderr, "no such kind: %s\n", kind);
  exit(2);
}

static int open_source(int type, unsigned number) {
  int fd = socket(AF_INET, type, 0);
  struct sockaddr_in from = {.sin_family = AF_INET};
  from.sin_addr.s_addr = htonl(0x7f010000 + number + 1);
  if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) < 0) {
    perror("source");
    exit(1);
  }
  return fd;
}

static int send_batch(const char *kind, const char *ufrag) {
  static int sources[SOURCES];
  static uint8_t bytes[BATCH][ROOM];
  struct mmsghdr messages[BATCH] = {0};
  struct iovec pieces[BATCH];
  for (unsigned i = 0; i < SOURCES && !sources[SOURCES - 1]; i++) {
    sources[i] = open_source(SOCK_DGRAM, i);
  }
  for (int i = 0; i < BATCH; i++) {
    pieces[i] = (struct iovec){bytes[i], write_one(bytes[i], kind, ufrag)};
    messages[i].msg_hdr.msg_name = &target;
    messages[i].msg_hdr.msg_namelen = sizeof target;
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int count = sendmmsg(sources[draw() % SOURCES], messages, BATCH, 0);
  return count > 0 ? count : 1;
}

/* Never waits: what the other side has no room for is lost. */
static int connect_once(const char *kind) {
  static int held[HELD], next;
  int fd = open_source(SOCK_STREAM | SOCK_NONBLOCK, draw() % SOURCES);
  int connected = connect(fd, (struct sockaddr *)&target, sizeof target);
  if (connected < 0 && errno != EINPROGRESS) {
    close(fd);
    return 1;
  }
  if (strcmp(kind, "tcp-garbage") == 0) {
    uint8_t garbage[ROOM];
    fill(garbage, sizeof garbage);
    send(fd, garbage, sizeof garbage, MSG_NOSIGNAL);
  }
  /* A reset leaves no port in TIME_WAIT, of which there are not enough. */
  struct linger none = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  int leaving = fd;
  if (strcmp(kind, "tcp-close") != 0) {
    leaving = held[next];
    held[next] = fd;
    next = (next + 1) % HELD;
  }
  if (leaving > 0) close(leaving);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 6 || argc > 7) return 2;
  const char *kind = argv[1], *ufrag = argc == 7 ? argv[6] : "none";
  target.sin_family = AF_INET;
  target.sin_port = htons((uint16_t)atoi(argv[3]));
  if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1) return 2;
  const double rate = atof(argv[4]), seconds = atof(argv[5]);
  if (rate <= 0 || rate > 200000 || seconds <= 0 || seconds > 3600) return 2;
  const int is_tcp = strncmp(kind, "tcp-", 4) == 0;
  setpriority(PRIO_PROCESS, 0, 10);
  const int64_t start = now_us();
  const int64_t end = start + (int64_t)(seconds * 1e6);
  int64_t sent = 0;
  for (int64_t now = start; now < end; now = now_us()) {
    const int64_t due = (int64_t)((double)(now - start) * rate / 1e6);
    /* Who was kept waiting does not make up for all of it at once. */
    int64_t budget = due - sent < (int64_t)(rate / 50) ? due - sent : (int64_t)(rate / 50);
    if (budget < (is_tcp ? 1 : BATCH)) {
      usleep(300);
      continue;
    }
    sent += is_tcp ? connect_once(kind) : send_batch(kind, ufrag);
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("%lld %.2f %lld\n", (long long)sent, (double)(now_us() - start) / 1e6,
         (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
             (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
  return 0;
}
