/* SPDX-License-Identifier: MIT */
/*
 * The scenario runner: the unprivileged process that issues the DRM requests of a scenario.
 *
 * Ownership: the runner borrows the descriptors it is given; the caller closes them.
 * Thread: one process, one thread. Nothing here may run in the tracer's process but
 * vs_scenario_infos().
 */
#ifndef VS_SCENARIO_RUNNER_H
#define VS_SCENARIO_RUNNER_H

#include <stddef.h>

#include "vascope/v1/frame.pb-c.h"

/*
 * The largest packet on the runner's socket, both ways: some ten thousand mappings of a checkpoint. Below what a socket's
 * buffer takes at once without privilege (net.core.wmem_default, 212992).
 */
#define VS_RUNNER_PACKET (192u << 10)

/* What the privileged set-up found and opened for the runner. */
struct vs_runner_fds {
	int card;             /* opened while privileged, may become DRM master, or -1 */
	char card_path[64];   /* "/dev/dri/card0", or "" when there is none */
	char render_path[64]; /* "/dev/dri/renderD128", or "" when there is none */
	int display;           /* as card: a device with a connected display, which may be the same; -1 */
	char display_path[64];
	char display_driver[32]; /* "msm", "virtio_gpu" */
	int shrink;            /* msm's debugfs file of that name, open for writing, or -1 */
	int vgem;              /* a card node of vgem, opened while privileged, or -1 */
	unsigned lacks;        /* VS_NEEDS_* that the set-up has found missing */
};

/* What the runner will find missing beside fds->lacks. */
unsigned vs_runner_lacks(const struct vs_runner_fds *fds);

/*
 * Serve scenario commands until the peer closes the socket.
 *
 * sock: one end of a SOCK_SEQPACKET pair. Every packet is one whole packed message:
 * Vascope__V1__Command (run, cancel) comes down, Vascope__V1__Frame (scenario, checkpoint) goes up.
 * A checkpoint is answered with a packet of one zero byte once all that was traced before it is ahead of it; the scenario
 * waits for that, so that nothing of what it does next can come before.
 * A packet that is not a Command, or a Command of another kind, is ignored with a line on stderr.
 *
 * Returns 0 when the socket was closed by the peer, or -errno when it broke.
 */
int vs_runner_main(int sock, const struct vs_runner_fds *fds);

/*
 * The catalogue for Capabilities: every scenario this daemon knows, in a fixed order.
 * *ret points at static storage that stays valid for the life of the process; "needs" is left empty.
 */
size_t vs_scenario_infos(Vascope__V1__ScenarioInfo ***ret);
/* VS_NEEDS_* of one of them. */
unsigned vs_scenario_needs(size_t index);

#endif
