/* SPDX-License-Identifier: MIT
 * Which socket is at the other end of a Unix socket? Only the kernel's socket monitoring (sock_diag(7)) says so, for
 * sockets of our network namespace. */
#include "core/proc/private.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    struct unix_diag_req ask;
};

static bool ask(int netlink, uint64_t inode)
{
    struct request r = {
        .header = {.nlmsg_len = sizeof r, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .ask = {.sdiag_family = AF_UNIX,
                .udiag_states = UINT32_MAX,
                .udiag_ino = (uint32_t)inode,
                .udiag_show = UDIAG_SHOW_PEER,
                .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
    };
    return send(netlink, &r, sizeof r, MSG_NOSIGNAL) == (ssize_t)sizeof r;
}

/* The peer of a connected socket; 0 if it is not connected. */
static uint64_t peer_in(const struct nlmsghdr *header, uint64_t inode)
{
    const struct unix_diag_msg *m = NLMSG_DATA(header);
    uint32_t peer = 0;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || header->nlmsg_len < NLMSG_LENGTH(sizeof *m) ||
        m->udiag_ino != (uint32_t)inode || (m->udiag_type != SOCK_STREAM && m->udiag_type != SOCK_SEQPACKET))
        return 0;
    const struct rtattr *attr = (const struct rtattr *)(m + 1);
    unsigned len = header->nlmsg_len - (unsigned)NLMSG_LENGTH(sizeof *m);
    for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
        if (attr->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(attr) >= sizeof peer)
            memcpy(&peer, RTA_DATA(attr), sizeof peer);
    return peer;
}

uint64_t proc_unix_peer(int netlink, uint64_t inode)
{
    _Alignas(struct nlmsghdr) char answer[4096];
    if (inode == 0 || inode > UINT32_MAX || !ask(netlink, inode))
        return 0;
    ssize_t n = recv(netlink, answer, sizeof answer, 0);
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    return n > 0 && NLMSG_OK(header, (size_t)n) ? peer_in(header, inode) : 0;
}

int proc_unix_open(void)
{
    return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}
