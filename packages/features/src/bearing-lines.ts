/** Geometry of a rolling bearing, from its data sheet. */
export interface BearingGeometry {
  readonly balls: number;
  /** mm */
  readonly ballDiameter: number;
  /** Diameter of the circle through the balls' centres, mm. */
  readonly pitchDiameter: number;
  readonly contactAngleDeg: number;
}

/** Frequencies at which damage knocks, Hz (ISO 13373-3, annex on rolling bearings); inner ring turning. */
export interface BearingLines {
  /** Ball passes the outer ring. */
  readonly bpfo: number;
  /** Ball passes the inner ring. */
  readonly bpfi: number;
  /** Ball spins: a pit on a ball knocks at twice this, once on each ring. */
  readonly bsf: number;
  /** The cage turns. */
  readonly ftf: number;
}

/** @param speedRpm as measured with the capture; lines of a guessed speed lie beside the truth */
export function bearingLines(geometry: BearingGeometry, speedRpm: number): BearingLines {
  const shaft = speedRpm / 60;
  const { balls, ballDiameter, pitchDiameter, contactAngleDeg } = geometry;
  const ratio = (ballDiameter / pitchDiameter) * Math.cos((contactAngleDeg * Math.PI) / 180);
  return {
    bpfo: (balls / 2) * shaft * (1 - ratio),
    bpfi: (balls / 2) * shaft * (1 + ratio),
    bsf: (pitchDiameter / (2 * ballDiameter)) * shaft * (1 - ratio * ratio),
    ftf: (shaft / 2) * (1 - ratio),
  };
}
