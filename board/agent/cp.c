// SPDX-License-Identifier: GPL-2.0
/*
 * The command processor of an Adreno 6xx: consumes the ring between read and write pointer and runs the packets that
 * msm and simple command streams use. It runs them at once and in order, so everything that waits is a no-op. It does
 * not draw: packets of the 3D pipe only set registers.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "agent.h"

static bool stall;
module_param(stall, bool, 0644);
MODULE_PARM_DESC(stall, "Stop consuming the ring: fences stay unsignalled, longer than 2 s is a GPU hang");

#define REG_RBBM_GBIF_HALT_ACK		0x0017
#define REG_RBBM_INT_0_STATUS		0x0201
#define RBBM_INT_0_CP_CACHE_FLUSH_TS	BIT(20)
#define REG_RBBM_STATUS			0x0210
#define REG_RBBM_SRAM_INIT_STATUS	0x050f
#define REG_CP_RB_BASE			0x0800
#define REG_CP_RB_RPTR_ADDR		0x0804
#define REG_CP_RB_RPTR			0x0806
#define REG_CP_RB_WPTR			0x0807
#define REG_CP_SQE_CNTL			0x0808
#define REG_CP_ALWAYS_ON_COUNTER	0x0980
#define REG_CP_ALWAYS_ON_CONTEXT	0x0982
#define REG_GBIF_HALT_ACK		0x3c46

/* What command streams may write: all but the ring's own registers, which end up below the register file's end. */
#define REG_RB_FIRST			REG_CP_RB_BASE
#define REG_RB_LAST			0x080f
#define REG_END				0x10000

#define CP_NOP				0x10
#define CP_WAIT_MEM_WRITES		0x12
#define CP_WAIT_FOR_ME			0x13
#define CP_WAIT_MEM_GTE			0x14
#define CP_WAIT_FOR_IDLE		0x26
#define CP_WAIT_REG_MEM			0x3c
#define CP_MEM_WRITE			0x3d
#define CP_REG_TO_MEM			0x3e
#define CP_INDIRECT_BUFFER		0x3f
#define CP_EVENT_WRITE			0x46
#define CP_ME_INIT			0x48
#define CP_SMMU_TABLE_UPDATE		0x53
#define CP_INDIRECT_BUFFER_CHAIN	0x57
#define CP_SET_PROTECTED_MODE		0x5f
#define CP_WHERE_AM_I			0x62
#define CP_SET_SECURE_MODE		0x66
#define CP_MEM_TO_MEM			0x73

#define CP_EVENT_WRITE_TIMESTAMP	BIT(30)
#define CP_EVENT_WRITE_IRQ		BIT(31)
#define CP_MEM_TO_MEM_DOUBLE		BIT(29)
#define CP_MEM_TO_MEM_SOURCES		3

#define RING_DWORDS			(SZ_32K / 4)
/* Parameters a handler looks at; longer payloads (CP_MEM_WRITE, CP_NOP) are streamed. */
#define MAX_PARAMS			9
#define MAX_IB_DEPTH			4
/* A stream cannot loop, but it can be garbage; one submit never comes near this. */
#define MAX_PACKETS			(1 << 20)

struct stream {
	u64 base;
	u32 pos;
	u32 end;
	bool ring;
};

static u64 address(const u32 *param)
{
	return param[0] | (u64)param[1] << 32;
}

static u32 stream_next(struct agent *agent, struct stream *s)
{
	u32 dword = mmu_read(agent, s->base + 4ull * s->pos);

	s->pos++;
	if (s->ring && s->pos == RING_DWORDS)
		s->pos = 0;
	return dword;
}

static bool stream_done(const struct stream *s)
{
	/* A ring ends where its write pointer is, which may be behind; a buffer ends at its size. */
	return s->ring ? s->pos == s->end : s->pos >= s->end;
}

/* The always-on counter runs at 19.2 MHz. */
static u64 cp_time(struct agent *agent)
{
	u64 ticks = div_u64(ktime_get_ns() * 192, 10000);

	gpu_write(agent, REG_CP_ALWAYS_ON_COUNTER, lower_32_bits(ticks));
	gpu_write(agent, REG_CP_ALWAYS_ON_COUNTER + 1, upper_32_bits(ticks));
	gpu_write(agent, REG_CP_ALWAYS_ON_CONTEXT, lower_32_bits(ticks));
	gpu_write(agent, REG_CP_ALWAYS_ON_CONTEXT + 1, upper_32_bits(ticks));
	return ticks;
}

static void cp_registers(struct agent *agent, struct stream *s, u32 header)
{
	u32 reg = (header >> 8) & 0x3ffff;
	u32 count = header & 0x7f;

	for (; count && !stream_done(s); count--, reg++) {
		u32 value = stream_next(agent, s);

		if (reg < REG_END && (reg < REG_RB_FIRST || reg > REG_RB_LAST))
			gpu_write(agent, reg, value);
	}
}

static void cp_event_write(struct agent *agent, const u32 *param, u32 count)
{
	if (count >= 4) {
		if (param[0] & CP_EVENT_WRITE_TIMESTAMP)
			mmu_write64(agent, address(&param[1]), cp_time(agent));
		else
			mmu_write(agent, address(&param[1]), param[3]);
		agent->stats.fences++;
	}
	if (param[0] & CP_EVENT_WRITE_IRQ) {
		agent->stats.gpu_interrupts++;
		/* The fence value must be there before the handler looks. */
		mb();
		irq_set_irqchip_state(agent->gpu_irq, IRQCHIP_STATE_PENDING, true);
	}
}

static void cp_reg_to_mem(struct agent *agent, const u32 *param)
{
	u32 reg = param[0] & 0x3ffff;
	u32 count = (param[0] >> 18) & 0xfff ?: 1;
	u64 to = address(&param[1]);

	cp_time(agent);
	for (; count; count--, reg++, to += 4)
		mmu_write(agent, to, reg < REG_END ? gpu_read(agent, reg) : 0);
}

/* Writes the sum of up to three memory words, each optionally negated (bits 0 to 2). */
static void cp_mem_to_mem(struct agent *agent, const u32 *param, u32 count)
{
	bool wide = param[0] & CP_MEM_TO_MEM_DOUBLE;
	u64 sum = 0;
	int i;

	for (i = 0; i < CP_MEM_TO_MEM_SOURCES && 3 + 2 * i + 1 < count; i++) {
		u64 from = address(&param[3 + 2 * i]);
		u64 value = mmu_read(agent, from);

		if (wide)
			value |= (u64)mmu_read(agent, from + 4) << 32;
		sum += param[0] & BIT(i) ? -value : value;
	}
	if (wide)
		mmu_write64(agent, address(&param[1]), sum);
	else
		mmu_write(agent, address(&param[1]), lower_32_bits(sum));
}

static void cp_execute(struct agent *agent, struct stream *s, int depth);

static void cp_indirect(struct agent *agent, const u32 *param, int depth)
{
	struct stream buffer = {
		.base = address(&param[0]),
		.end = param[2] & 0xfffff,
	};

	agent->stats.indirect_buffers++;
	if (depth < MAX_IB_DEPTH)
		cp_execute(agent, &buffer, depth + 1);
}

/* Reads a packet's payload: its first parameters, and for CP_MEM_WRITE the rest straight to memory. */
static void cp_payload(struct agent *agent, struct stream *s, u32 opcode, u32 count, u32 *param)
{
	u32 i;

	for (i = 0; i < count && !stream_done(s); i++) {
		u32 value = stream_next(agent, s);

		if (i < MAX_PARAMS)
			param[i] = value;
		if (opcode == CP_MEM_WRITE && i >= 2)
			mmu_write(agent, address(param) + 4ull * (i - 2), value);
	}
}

static void cp_operation(struct agent *agent, struct stream *s, u32 header, int depth)
{
	u32 opcode = (header >> 16) & 0x7f;
	u32 count = header & 0x3fff;
	u32 param[MAX_PARAMS] = {};

	cp_payload(agent, s, opcode, count, param);

	switch (opcode) {
	case CP_INDIRECT_BUFFER:
		cp_indirect(agent, param, depth);
		break;
	case CP_INDIRECT_BUFFER_CHAIN:
		cp_indirect(agent, param, depth);
		/* A chained buffer does not come back. */
		s->pos = s->end;
		break;
	case CP_SMMU_TABLE_UPDATE:
		mmu_set_table(agent, address(param) & GENMASK_ULL(47, 0), param[1] >> 16);
		break;
	case CP_EVENT_WRITE:
		cp_event_write(agent, param, count);
		break;
	case CP_REG_TO_MEM:
		cp_reg_to_mem(agent, param);
		break;
	case CP_WHERE_AM_I:
		mmu_write(agent, address(param), s->pos);
		break;
	case CP_MEM_TO_MEM:
		cp_mem_to_mem(agent, param, count);
		break;
	case CP_NOP:
	case CP_MEM_WRITE:
	case CP_ME_INIT:
	case CP_WAIT_FOR_IDLE:
	case CP_WAIT_FOR_ME:
	case CP_WAIT_MEM_GTE:
	case CP_WAIT_MEM_WRITES:
	case CP_WAIT_REG_MEM:
	case CP_SET_PROTECTED_MODE:
	case CP_SET_SECURE_MODE:
		break;
	default:
		agent->stats.unknown_packets++;
		agent->stats.last_unknown_opcode = opcode;
	}
}

static void cp_execute(struct agent *agent, struct stream *s, int depth)
{
	u32 budget = MAX_PACKETS;

	while (!stream_done(s) && budget--) {
		u32 header = stream_next(agent, s);

		agent->stats.packets++;
		switch (header >> 28) {
		case 4:
			cp_registers(agent, s, header);
			break;
		case 7:
			cp_operation(agent, s, header, depth);
			break;
		default:
			/* Not a packet: skip the dword. */
			break;
		}
	}
}

void cp_power_on(struct agent *agent)
{
	agent->rptr = 0;
	agent->ttbr0 = 0;
	gpu_write(agent, REG_CP_RB_WPTR, 0);
	gpu_write(agent, REG_CP_RB_RPTR, 0);
	gpu_write(agent, REG_CP_SQE_CNTL, 0);
	gpu_write(agent, REG_RBBM_STATUS, 0);
	/* The only interrupt there is; the register is RAM, so it stays set. */
	gpu_write(agent, REG_RBBM_INT_0_STATUS, RBBM_INT_0_CP_CACHE_FLUSH_TS);
	/* Halting the bus and clearing the memories are always done already. */
	gpu_write(agent, REG_RBBM_GBIF_HALT_ACK, ~0u);
	gpu_write(agent, REG_GBIF_HALT_ACK, ~0u);
	gpu_write(agent, REG_RBBM_SRAM_INIT_STATUS, 1);
}

void cp_power_off(struct agent *agent)
{
	agent->rptr = 0;
	agent->ttbr0 = 0;
	gpu_write(agent, REG_CP_RB_WPTR, 0);
	gpu_write(agent, REG_CP_SQE_CNTL, 0);
}

/* One look at the ring. The caller holds the lock and knows that GX is on. */
void cp_poll(struct agent *agent)
{
	struct stream ring = { .ring = true };
	u64 shadow;
	u32 wptr;

	/* The driver starts the sequencer when the ring is set up. */
	if (READ_ONCE(stall) || gpu_read(agent, REG_CP_SQE_CNTL) != 1)
		return;
	cp_time(agent);

	wptr = gpu_read(agent, REG_CP_RB_WPTR);
	if (wptr == agent->rptr || wptr >= RING_DWORDS)
		return;
	/* The ring's contents were written before its write pointer. */
	rmb();

	ring.base = gpu_read64(agent, REG_CP_RB_BASE);
	ring.pos = agent->rptr;
	ring.end = wptr;
	cp_execute(agent, &ring, 0);

	agent->rptr = wptr;
	/* The driver reuses the ring's space as soon as the read pointer moves. */
	mb();
	gpu_write(agent, REG_CP_RB_RPTR, wptr);
	shadow = gpu_read64(agent, REG_CP_RB_RPTR_ADDR);
	if (shadow)
		mmu_write(agent, shadow, wptr);
}
