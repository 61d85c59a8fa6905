// SPDX-License-Identifier: GPL-2.0
/*
 * The display controller: a frame is complete as soon as it is started. CTL_START raises "writeback 2 done", which is
 * what the driver waits for to signal the out-fence and the flip. No pixels are copied.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "agent.h"

#define MDSS_HW_INTR_STATUS		0x10
#define MDSS_HW_INTR_STATUS_MDP		BIT(0)

/* The MDP block starts one page in. INTR_CLEAR is write-one-to-clear for INTR_STATUS. */
#define MDP				0x1000
#define MDP_INTR_STATUS			(MDP + 0x14)
#define MDP_INTR_CLEAR			(MDP + 0x18)
#define MDP_INTR_WB_2_DONE		BIT(4)

/* sc7180 has three control paths. */
#define CTL_COUNT			3
#define CTL(n)				(MDP + 0x1000 + (n) * 0x200)
#define CTL_FLUSH			0x18
#define CTL_START			0x1c
#define CTL_SW_RESET			0x30

#define VBIF_XIN_HALT_CTRL1		(0xb0000 + 0x204)

static u32 mdss_read(struct agent *agent, u32 offset)
{
	return readl_relaxed(agent->mdss + offset);
}

static void mdss_write(struct agent *agent, u32 offset, u32 value)
{
	writel_relaxed(value, agent->mdss + offset);
}

void dpu_power_on(struct agent *agent)
{
	/* Every memory client answers that it is halted, whenever asked. */
	mdss_write(agent, VBIF_XIN_HALT_CTRL1, ~0u);
}

void dpu_poll(struct agent *agent)
{
	u32 clear = mdss_read(agent, MDP_INTR_CLEAR);
	bool started = false;
	int i;

	if (clear) {
		mdss_write(agent, MDP_INTR_CLEAR, 0);
		mdss_write(agent, MDP_INTR_STATUS, mdss_read(agent, MDP_INTR_STATUS) & ~clear);
	}

	for (i = 0; i < CTL_COUNT; i++) {
		if (mdss_read(agent, CTL(i) + CTL_SW_RESET))
			mdss_write(agent, CTL(i) + CTL_SW_RESET, 0);
		if (!(mdss_read(agent, CTL(i) + CTL_START) & 1))
			continue;
		mdss_write(agent, CTL(i) + CTL_START, 0);
		mdss_write(agent, CTL(i) + CTL_FLUSH, 0);
		started = true;
	}
	if (!started)
		return;

	agent->stats.writeback_frames++;
	mdss_write(agent, MDP_INTR_STATUS, MDP_INTR_WB_2_DONE);
	mdss_write(agent, MDSS_HW_INTR_STATUS, MDSS_HW_INTR_STATUS_MDP);
	/* The handler reads the status registers: they must be there before the interrupt. */
	mb();
	irq_set_irqchip_state(agent->mdss_irq, IRQCHIP_STATE_PENDING, true);
}
