import type { ConnectionQuestion } from "../driver.ts";

/** The framing cannot be found out by asking the device: the symptom of the wrong one is silence (field practice 37). */
export const modbusQuestions: readonly ConnectionQuestion[] = [
  {
    key: "framing",
    words:
      "How it is reached: tcp, rtu (serial line), or rtu-over-tcp (serial server, transparent)",
    otherwise: "tcp",
    choices: ["tcp", "rtu", "rtu-over-tcp"],
  },
  {
    key: "host",
    words: "Address of the device or gateway",
    otherwise: "",
    when: ({ framing }) => framing !== "rtu",
  },
  { key: "port", words: "Port", otherwise: "502", when: ({ framing }) => framing !== "rtu" },
  {
    key: "path",
    words: "Serial port",
    otherwise: "/dev/ttyUSB0",
    when: ({ framing }) => framing === "rtu",
  },
  {
    key: "baudRate",
    words: "Speed of the line, baud",
    otherwise: "19200",
    when: ({ framing }) => framing !== "tcp",
  },
  {
    key: "parity",
    words: "Parity: none, even or odd",
    otherwise: "even",
    choices: ["none", "even", "odd"],
    when: ({ framing }) => framing === "rtu",
  },
  { key: "unit", words: "Unit number", otherwise: "1" },
];
