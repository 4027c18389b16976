import type { Random } from "@millwright/kit";
import type { Capture } from "../machine.ts";

/** Geometry of a rolling bearing; angles in radians, diameters in mm. */
export interface BearingGeometry {
  readonly balls: number;
  readonly ballDiameter: number;
  readonly pitchDiameter: number;
  readonly contactAngle: number;
}

/** Deep groove ball bearing 6309: 8 balls of 17.46 mm on a pitch circle of 72.5 mm. */
export const bearing6309: BearingGeometry = {
  balls: 8,
  ballDiameter: 17.46,
  pitchDiameter: 72.5,
  contactAngle: 0,
};

/** Frequencies at which faults of a bearing knock, Hz, for a fixed outer and a turning inner ring (ISO 15243, kinematics). */
export interface BearingLines {
  readonly shaft: number;
  /** Ball passes the outer ring (BPFO). */
  readonly outer: number;
  /** Ball passes the inner ring (BPFI). */
  readonly inner: number;
  /** Ball spins (BSF). */
  readonly ball: number;
  /** The cage turns (FTF). */
  readonly cage: number;
}

export function bearingLines(geometry: BearingGeometry, speedRpm: number): BearingLines {
  const shaft = speedRpm / 60;
  const ratio = (geometry.ballDiameter / geometry.pitchDiameter) * Math.cos(geometry.contactAngle);
  return {
    shaft,
    outer: (geometry.balls / 2) * shaft * (1 - ratio),
    inner: (geometry.balls / 2) * shaft * (1 + ratio),
    ball: (geometry.pitchDiameter / (2 * geometry.ballDiameter)) * shaft * (1 - ratio ** 2),
    cage: (shaft / 2) * (1 - ratio),
  };
}

/**
 * Velocity severity (10–1,000 Hz, ISO 20816) of a machine on a rigid foundation, mm/s: about 1 when new, past 7 when the
 * bearing is at its end. Rises with speed and, ever faster, with wear.
 *
 * @param wear 0 new, 1 at the end of its life
 */
export function vibrationVelocity(wear: number, speedRatio: number): number {
  return Math.max(0, speedRatio) * (0.9 + 1.2 * wear + 6.4 * wear ** 2.5);
}

/** Share of the shaft power that the bearing turns into heat: a good one 0.4 %, a worn one 2.5 %. */
export function frictionShare(wear: number): number {
  return 0.004 + 0.021 * wear ** 1.5;
}

// 25.6 kHz covers the resonances that ball passes excite (field practice 55); 1 g is 2,000 counts, so ±16 g fit.
const captureRateHz = 25_600;
const countsPerG = 2_000;
// Where the housing rings when a ball passes a pit, and how fast that dies down.
const resonanceHz = 3_200;
const ringDownS = 0.0008;

/** One second of acceleration: unbalance at shaft speed, impacts at the outer ring's line that ring the housing, noise. */
export function bearingCapture(
  geometry: BearingGeometry,
  speedRpm: number,
  wear: number,
  random: Random,
): Capture {
  const samples = new Int16Array(captureRateHz);
  const lines = bearingLines(geometry, speedRpm);
  const turning = speedRpm > 1;
  const unbalanceG = turning ? 0.15 * (speedRpm / 3_000) ** 2 : 0;
  const impactG = turning ? 0.1 + 6 * wear : 0;
  const phase = random.next();
  let sinceImpactS = 1;
  let nextImpactS = turning ? phase / lines.outer : Infinity;
  let strength = 0;
  for (let index = 0; index < samples.length; index++) {
    const timeS = index / captureRateHz;
    if (timeS >= nextImpactS) {
      sinceImpactS = timeS - nextImpactS;
      // Balls slip by a percent or so, and pits differ: lines in the spectrum are not needles.
      nextImpactS += (1 + 0.01 * random.normal()) / lines.outer;
      strength = impactG * (1 + 0.15 * random.normal());
    }
    const ring =
      strength *
      Math.exp(-sinceImpactS / ringDownS) *
      Math.sin(2 * Math.PI * resonanceHz * sinceImpactS);
    const unbalance = unbalanceG * Math.sin(2 * Math.PI * lines.shaft * timeS);
    const counts = countsPerG * (unbalance + ring + 0.03 * random.normal());
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(counts)));
    sinceImpactS += 1 / captureRateHz;
  }
  return { rateHz: captureRateHz, scale: 1 / countsPerG, unit: "[g]", speedRpm, samples };
}
