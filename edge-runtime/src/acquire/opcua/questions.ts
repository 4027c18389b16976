import type { ConnectionQuestion } from "../driver.ts";

/** Security, policy and user have defaults that are right, or that the server's refusal names. */
export const opcuaQuestions: readonly ConnectionQuestion[] = [
  {
    key: "url",
    words: "Address of the server, such as opc.tcp://192.168.0.10:4840",
    otherwise: "",
  },
];
