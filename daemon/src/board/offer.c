/* SPDX-License-Identifier: MIT */
#include "board/offer.h"

#include <stdio.h>
#include <sys/sysinfo.h>

#include "scenario/needs.h"

static unsigned vs_offer_lacks(const struct vs_nodes *nodes, const struct vs_msm_facts *msm)
{
	const struct vs_node *scanout = vs_nodes_scanout(nodes), *display = vs_nodes_display(nodes);
	struct sysinfo memory;
	unsigned lacks = 0;

	if (sysinfo(&memory) || !memory.totalswap)
		lacks |= VS_NEEDS_SWAP;
	if (!msm->present)
		lacks |= VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_PRR | VS_NEEDS_SHRINK;
	if (!msm->vm_bind)
		lacks |= VS_NEEDS_VM_BIND | VS_NEEDS_PRR;
	if (!msm->sparse)
		lacks |= VS_NEEDS_PRR;
	if (!msm->present || !scanout || !scanout->crtcs || !scanout->master)
		lacks |= VS_NEEDS_CARD;
	if (!display || !display->master)
		lacks |= VS_NEEDS_FLIP;
	return lacks;
}

void vs_offer_make(const struct vs_nodes *nodes, const struct vs_msm_facts *msm, struct vs_runner_fds *offer)
{
	const struct vs_node *node = vs_nodes_traced(nodes), *display = vs_nodes_display(nodes);

	*offer = (struct vs_runner_fds){ .card = -1, .display = -1, .shrink = -1, .vgem = -1 };
	offer->lacks = vs_offer_lacks(nodes, msm);
	if (node) {
		snprintf(offer->card_path, sizeof(offer->card_path), "%s", vs_nodes_scanout(nodes)->card);
		snprintf(offer->render_path, sizeof(offer->render_path), "%s", node->render);
	}
	if (display) {
		snprintf(offer->display_path, sizeof(offer->display_path), "%s", display->card);
		snprintf(offer->display_driver, sizeof(offer->display_driver), "%s", display->driver);
	}
}
