/** Of a `Host` header: without the port, in lower case. */
export function hostIn(header: string | undefined): string {
  return (header ?? "").replace(/:\d+$/, "").toLowerCase();
}

export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
