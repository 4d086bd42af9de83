/*
 * Stands in for <arpa/inet.h> where make lint builds the programs again: it
 * has the names that POSIX gives that header, and no other. glibc's, and
 * musl's, bring all of <netinet/in.h>, and so hide that a program forgot to
 * include it; those of FreeBSD and OpenBSD do not.
 */
#ifndef ONLY_ARPA_INET_H
#define ONLY_ARPA_INET_H

#include <stdint.h>

#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46

struct in_addr; /* of <netinet/in.h>, like those who take it */

uint32_t htonl(uint32_t);
uint16_t htons(uint16_t);
uint32_t ntohl(uint32_t);
uint16_t ntohs(uint16_t);
uint32_t inet_addr(const char *);
char *inet_ntoa(struct in_addr);
const char *inet_ntop(int, const void *, char *, unsigned int);
int inet_pton(int, const char *, void *);

#endif
