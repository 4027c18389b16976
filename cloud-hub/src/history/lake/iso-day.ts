/** 2026-11-21. @param day days since 1970, UTC */
export function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
