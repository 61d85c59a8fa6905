/* SPDX-License-Identifier: MIT */
/* What the board offers to scenarios: nodes by path, and what is missing. */
#ifndef VS_BOARD_OFFER_H
#define VS_BOARD_OFFER_H

#include "board/driver_msm.h"
#include "board/nodes.h"
#include "scenario/runner.h"

/* Nothing is opened: the descriptors are -1. */
void vs_offer_make(const struct vs_nodes *nodes, const struct vs_msm_facts *msm, struct vs_runner_fds *offer);

#endif
