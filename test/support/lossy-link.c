/*
 * A line between two network namespaces with delay, loss and a rate for each direction.
 *
 * Usage: lossy-link NAMESPACE_A NAMESPACE_B SEED [DEVICE_A DEVICE_B]
 * Makes one TUN device in each namespace, named "line" unless told otherwise, and carries IP
 * packets between them until stdin ends; then the devices are gone. It stands in for tc-netem, which many kernels of virtual
 * machines and containers are built without. Loss is independent for each packet and repeats
 * with the same seed.
 *
 * stdin:  "ab DELAY_US LOSS_PPM RATE_BPS QUEUE_US NO_UDP CLOSED_PORT" sets the direction A to B,
 *         "ba ..." the other; a rate of 0 is no limit; QUEUE_US bounds the wait at the rate limiter
 *         (tail drop); NO_UDP of 1 loses every packet of UDP, and a CLOSED_PORT other than 0 every
 *         packet to or from it, as some firewalls do.
 *         "stats" asks for one line of counters.
 * stdout: "ready", then "FORWARDED LOST OVERFLOWN FORWARDED LOST OVERFLOWN" (A to B, B to A).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 1500, SLOTS = 16384 };

struct packet {
  int64_t due;
  uint16_t length;
  uint8_t bytes[MTU];
};

struct direction {
  int from, to;
  int64_t delay, queue, free_at;
  uint64_t rate;
  uint32_t loss;
  int no_udp, closed_port;
  uint64_t random;
  uint64_t forwarded, lost, overflown;
  unsigned head, count;
  struct packet *ring;
};

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_line(const char *namespace, const char *device) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
  int ns = open(path, O_RDONLY);
  if (ns < 0 || setns(ns, CLONE_NEWNET) < 0) fail(path);
  close(ns);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tun < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
  if (ioctl(tun, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return tun;
}

/* xorshift64*: good enough for loss, and the same on every machine. */
static uint32_t draw(struct direction *d) {
  d->random ^= d->random >> 12;
  d->random ^= d->random << 25;
  d->random ^= d->random >> 27;
  return (uint32_t)((d->random * 2685821657736338717ULL) >> 32);
}

static int is_udp(const uint8_t *packet, size_t length) {
  int version = length >= 20 ? packet[0] >> 4 : 0;
  return (version == 4 && packet[9] == 17) || (version == 6 && packet[6] == 17);
}

static int uses_port(const uint8_t *packet, size_t length, int port) {
  int version = length >= 20 ? packet[0] >> 4 : 0;
  size_t at = version == 6 ? 40 : (size_t)(packet[0] & 15) * 4;
  int protocol = version == 6 ? packet[6] : packet[9];
  if (!version || (protocol != 6 && protocol != 17) || length < at + 4) return 0;
  const uint8_t *ports = packet + at;
  return (ports[0] << 8 | ports[1]) == port || (ports[2] << 8 | ports[3]) == port;
}

static int is_filtered(const struct direction *d, const uint8_t *packet, size_t length) {
  if (d->no_udp && is_udp(packet, length)) return 1;
  return d->closed_port && uses_port(packet, length, d->closed_port);
}

static void receive(struct direction *d) {
  uint8_t bytes[MTU];
  for (;;) {
    ssize_t length = read(d->from, bytes, sizeof bytes);
    if (length <= 0) return;
    int64_t now = now_us();
    int lost = (uint64_t)draw(d) * 1000000 >> 32 < d->loss;
    if (lost || is_filtered(d, bytes, (size_t)length)) {
      d->lost++;
      continue;
    }
    int64_t sent = now;
    if (d->rate) {
      int64_t start = d->free_at > now ? d->free_at : now;
      if (start - now > d->queue) {
        d->overflown++;
        continue;
      }
      sent = d->free_at = start + (int64_t)(length * 8 * 1000000 / d->rate);
    }
    if (d->count == SLOTS) {
      d->overflown++;
      continue;
    }
    struct packet *p = &d->ring[(d->head + d->count++) % SLOTS];
    p->due = sent + d->delay;
    p->length = (uint16_t)length;
    memcpy(p->bytes, bytes, (size_t)length);
  }
}

static void deliver(struct direction *d) {
  int64_t now = now_us();
  while (d->count && d->ring[d->head].due <= now) {
    struct packet *p = &d->ring[d->head];
    if (write(d->to, p->bytes, p->length) == p->length) d->forwarded++;
    else d->overflown++;
    d->head = (d->head + 1) % SLOTS;
    d->count--;
  }
}

static void command(char *line, struct direction *ab, struct direction *ba) {
  long long delay, loss, rate, queue;
  int no_udp, closed_port;
  char which[8];
  if (strncmp(line, "stats", 5) == 0) {
    printf("%lu %lu %lu %lu %lu %lu\n", ab->forwarded, ab->lost, ab->overflown, ba->forwarded,
           ba->lost, ba->overflown);
  } else if (sscanf(line, "%7s %lld %lld %lld %lld %d %d", which, &delay, &loss, &rate,
                    &queue, &no_udp, &closed_port) == 7) {
    struct direction *d = strcmp(which, "ab") == 0 ? ab : ba;
    d->delay = delay;
    d->loss = (uint32_t)loss;
    d->rate = (uint64_t)rate;
    d->queue = queue;
    d->no_udp = no_udp;
    d->closed_port = closed_port;
  }
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 6) return 2;
  int a = open_line(argv[1], argc == 6 ? argv[4] : "line");
  int b = open_line(argv[2], argc == 6 ? argv[5] : "line");
  uint64_t seed = strtoull(argv[3], NULL, 10);
  struct direction ab = {.from = a, .to = b, .random = seed * 2 + 88172645463325252ULL};
  struct direction ba = {.from = b, .to = a, .random = seed * 2 + 1181783497276652981ULL};
  ab.ring = calloc(SLOTS, sizeof *ab.ring);
  ba.ring = calloc(SLOTS, sizeof *ba.ring);
  if (!ab.ring || !ba.ring) fail("calloc");

  /* The line must keep its time while a browser loads both cores; without the right, so be it. */
  struct sched_param priority = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_RR, &priority);

  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  char input[1024];
  size_t filled = 0;
  for (;;) {
    int64_t next = INT64_MAX;
    if (ab.count) next = ab.ring[ab.head].due;
    if (ba.count && ba.ring[ba.head].due < next) next = ba.ring[ba.head].due;
    int64_t wait = next == INT64_MAX ? 1000000 : next - now_us();
    if (wait < 0) wait = 0;
    struct timespec timeout = {wait / 1000000, wait % 1000000 * 1000};
    struct pollfd ready[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {0, POLLIN, 0}};
    if (ppoll(ready, 3, &timeout, NULL) < 0 && errno != EINTR) fail("ppoll");
    if (ready[0].revents) receive(&ab);
    if (ready[1].revents) receive(&ba);
    deliver(&ab);
    deliver(&ba);
    if (!ready[2].revents) continue;
    ssize_t length = read(0, input + filled, sizeof input - 1 - filled);
    if (length <= 0) return 0;
    filled += (size_t)length;
    input[filled] = 0;
    char *end;
    while ((end = strchr(input, '\n'))) {
      *end = 0;
      command(input, &ab, &ba);
      filled -= (size_t)(end + 1 - input);
      memmove(input, end + 1, filled + 1);
    }
    if (filled == sizeof input - 1) return 2;
  }
}
