import { encodeModel } from "@millwright/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Detector } from "./detector.ts";

// From 1.29 on onnxruntime tells its maker what it runs, unless this stands there before the first session.
process.env["ORT_DISABLE_TELEMETRY"] = "1";

/** How far an exported graph may lie from what it was exported from, relative to its size (absolute below 1). */
const tolerance = 1e-5;

/** Runs the exported graph over windows and gives the largest difference; throws when it is too large. */
export async function checkExport(
  detector: Detector,
  windows: readonly Float64Array[],
): Promise<number> {
  const session = await InferenceSession.create(encodeModel(detector.toModel()));
  const width = windows[0]?.length ?? 0;
  // A gateway hands windows over as 32-bit floats: both sides are given the same.
  const narrow = windows.map((window) => Float64Array.from(window, Math.fround));
  const flat = Float32Array.from(narrow.flatMap((window) => [...window]));
  const ran = await session.run({ window: new Tensor("float32", flat, [windows.length, width]) });
  await session.release();
  let largest = 0;
  narrow.forEach((window, at) => {
    const { score, contributions, expected } = detector.answer(window);
    for (const [name, wanted] of Object.entries({ score: [score], contributions, expected })) {
      const size = Math.max(1, ...wanted.map(Math.abs));
      wanted.forEach((value, place) => {
        const got = Number(ran[name]?.data[at * wanted.length + place]);
        const away = Math.abs(got - value) / size;
        // A result that is no number must not slip through a comparison.
        if (!(away <= tolerance)) {
          throw new Error(
            `the exported model says ${name} ${got} in window ${at}, and training said ${value}: more than ${tolerance} apart`,
          );
        }
        largest = Math.max(largest, away);
      });
    }
  });
  return largest;
}
