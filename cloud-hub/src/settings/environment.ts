/** Folders in which the person who started the hub looks for programs. Read here, because settings own the environment. */
export function programFolders(): readonly string[] {
  return (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
}
