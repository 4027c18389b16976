import { execFileSync } from "node:child_process";

import { describeDriver } from "../driver-contract.ts";
import type { DriverRig } from "../driver-rig.ts";
import { modbusDriver } from "./modbus-driver.ts";
import type { ModbusSettings } from "./settings.ts";
import { TestDevice } from "./test-device.ts";
import { pointOf, settingsFor } from "./test-points.ts";

function rig(framing: ModbusSettings["framing"]): DriverRig<ModbusSettings> {
  return {
    driver: modbusDriver,
    ...(framing === "rtu" && !hasSocat() ? { skip: "socat is not installed" } : {}),
    async start() {
      const device = await TestDevice.start(framing);
      device.missing.add(50);
      return {
        // An answer is lost in one of the tests, and waited for so long.
        settings: settingsFor(device, { timeoutMs: 3_000 }),
        points: [
          pointOf("holding:10", "uint16", 50),
          pointOf("holding:11", "uint16", 50),
          pointOf("holding:20", "uint32", 50, { order: "CDAB" }),
        ],
        absentPoint: pointOf("holding:50", "uint16", 50),
        nonsenseAddress: "4x00011",
        writable: 2,
        set(point, value) {
          if (point < 2) device.holding[10 + point] = value;
          else {
            device.holding[20] = value & 0xffff;
            device.holding[21] = value >>> 16;
          }
        },
        get(point) {
          if (point < 2) return device.holding[10 + point] ?? 0;
          return (device.holding[20] ?? 0) + (device.holding[21] ?? 0) * 65_536;
        },
        loseNextReply() {
          let lost = false;
          device.whim = (heard) => {
            if (lost || heard.fn < 5) return undefined;
            lost = true;
            return { silent: true };
          };
        },
        cut: () => device.cut(),
        mend: () => device.mend(),
        // A line has no conversations that a device could see.
        conversations: () => device.connections,
        stop: () => device.stop(),
      };
    },
  };
}

function hasSocat(): boolean {
  try {
    execFileSync("socat", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describeDriver("modbus tcp", rig("tcp"));
describeDriver("modbus rtu-over-tcp", rig("rtu-over-tcp"));
describeDriver("modbus rtu", rig("rtu"));
