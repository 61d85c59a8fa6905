// SPDX-License-Identifier: GPL-2.0
/*
 * virt-adreno: plays the hardware of the virtual board. One thread watches the registers while a driver keeps the
 * hardware powered, and sleeps otherwise.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "agent.h"

static uint poll_us = 30;
module_param(poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us, "Microseconds between two looks at the registers");

static int agent_thread(void *data)
{
	struct agent *agent = data;

	/* The hardware does not wait for the programs that wait for it. */
	sched_set_fifo_low(current);

	while (!kthread_should_stop()) {
		wait_event_interruptible(agent->powered, power_any(agent) || kthread_should_stop());

		mutex_lock(&agent->lock);
		if (agent->domain[AGENT_GX].on)
			cp_poll(agent);
		if (agent->domain[AGENT_MDSS].on)
			dpu_poll(agent);
		mutex_unlock(&agent->lock);

		usleep_range(poll_us, poll_us + 20);
	}
	return 0;
}

static int stats_show(struct seq_file *m, void *unused)
{
	struct agent *agent = m->private;
	struct agent_stats *stats = &agent->stats;

	mutex_lock(&agent->lock);
	seq_printf(m, "gpu on:             %d\n", agent->domain[AGENT_GX].on);
	seq_printf(m, "display on:         %d\n", agent->domain[AGENT_MDSS].on);
	seq_printf(m, "ttbr0:              0x%llx\n", agent->ttbr0);
	seq_printf(m, "ttbr1:              0x%llx\n", mmu_ttbr1(agent));
	seq_printf(m, "packets:            %llu\n", stats->packets);
	seq_printf(m, "indirect buffers:   %llu\n", stats->indirect_buffers);
	seq_printf(m, "fences:             %llu\n", stats->fences);
	seq_printf(m, "gpu interrupts:     %llu\n", stats->gpu_interrupts);
	seq_printf(m, "memory writes:      %llu\n", stats->memory_writes);
	seq_printf(m, "translation faults: %llu (last iova 0x%llx)\n", stats->translation_faults,
		   stats->last_fault_iova);
	seq_printf(m, "unknown packets:    %llu (last opcode 0x%02x)\n", stats->unknown_packets,
		   stats->last_unknown_opcode);
	seq_printf(m, "writeback frames:   %llu\n", stats->writeback_frames);
	mutex_unlock(&agent->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* The drivers request the same ranges; the agent is behind the registers, so it maps them without claiming them. */
static void __iomem *agent_map(struct platform_device *pdev, const char *name)
{
	struct resource *res = platform_get_resource_byname(pdev, IORESOURCE_MEM, name);

	return res ? devm_ioremap(&pdev->dev, res->start, resource_size(res)) : NULL;
}

static int agent_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct agent *agent;
	int ret;

	agent = devm_kzalloc(dev, sizeof(*agent), GFP_KERNEL);
	if (!agent)
		return -ENOMEM;
	agent->dev = dev;
	mutex_init(&agent->lock);
	init_waitqueue_head(&agent->powered);
	platform_set_drvdata(pdev, agent);

	agent->gpu = agent_map(pdev, "gpu");
	agent->smmu = agent_map(pdev, "smmu");
	agent->mdss = agent_map(pdev, "mdss");
	if (!agent->gpu || !agent->smmu || !agent->mdss)
		return dev_err_probe(dev, -ENOMEM, "registers missing or not mappable\n");

	agent->gpu_irq = platform_get_irq_byname(pdev, "gpu");
	if (agent->gpu_irq < 0)
		return agent->gpu_irq;
	agent->mdss_irq = platform_get_irq_byname(pdev, "mdss");
	if (agent->mdss_irq < 0)
		return agent->mdss_irq;

	agent->thread = kthread_run(agent_thread, agent, "virt-adreno");
	if (IS_ERR(agent->thread))
		return PTR_ERR(agent->thread);

	ret = power_init(agent);
	if (ret) {
		kthread_stop(agent->thread);
		return dev_err_probe(dev, ret, "no power domains\n");
	}

	agent->debugfs = debugfs_create_dir("virt-adreno", NULL);
	debugfs_create_file("stats", 0444, agent->debugfs, agent, &stats_fops);
	return 0;
}

static void agent_remove(struct platform_device *pdev)
{
	struct agent *agent = platform_get_drvdata(pdev);

	debugfs_remove_recursive(agent->debugfs);
	power_exit(agent);
	kthread_stop(agent->thread);
}

static const struct of_device_id agent_match[] = {
	{ .compatible = "vascope,virt-adreno" },
	{}
};
MODULE_DEVICE_TABLE(of, agent_match);

static struct platform_driver agent_driver = {
	.probe = agent_probe,
	.remove = agent_remove,
	.driver = {
		.name = "virt-adreno",
		.of_match_table = agent_match,
		.suppress_bind_attrs = true,
	},
};
module_platform_driver(agent_driver);

MODULE_DESCRIPTION("The hardware of Vascope's virtual board");
MODULE_LICENSE("GPL");
