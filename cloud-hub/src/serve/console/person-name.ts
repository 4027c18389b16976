/** The name that somebody writes beside what they save, kept on this device: the hub has no sign-in that would say it. */
const key = "millwright.person";

export function personNow(): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export function keepPerson(name: string): void {
  try {
    localStorage.setItem(key, name);
  } catch {
    // A browser that keeps nothing asks for it each time.
  }
}
