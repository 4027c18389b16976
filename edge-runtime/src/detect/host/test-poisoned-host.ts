/** A detect host for tests that ends, as a crash of the native library would end it, when a window holds 666. */
import { InferenceSession, type Tensor } from "onnxruntime-node";

type Feeds = Readonly<Record<string, Tensor>>;
type Run = (this: unknown, feeds: Feeds) => Promise<unknown>;

// The typings show the factory only; at run time it is the class of the sessions.
const { prototype } = InferenceSession as unknown as { readonly prototype: { run: Run } };
const run = prototype.run;
prototype.run = async function (feeds) {
  const window = feeds["window"]?.data;
  if (window instanceof Float32Array && window.includes(666)) process.kill(process.pid, "SIGKILL");
  return await run.call(this, feeds);
};

await import("./host-main.ts");
