/** Which room of the house may import which: the table of docs/design.md, and what goes against it. */
import * as path from "node:path";

/** A row of the table. A room is a folder, ending in `/` and without the rooms inside it, or one file. */
export type Room = {
  readonly name: string;
  /** Rooms, each with all that is inside it. A room may always import itself. */
  readonly mayImport: readonly string[] | "anything";
};

/** What each file of the project imports, by path from the root; types included, packages not. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the table whose head begins with `| room |`.
 *
 * @throws when there is none, or a cell says neither rooms nor "nothing of ours" nor "anything".
 */
export function readRooms(page: string): Room[] {
  const lines = page.split("\n");
  const head = lines.findIndex((line) => line.startsWith("| room |"));
  if (head < 0) throw new Error("There is no table of rooms.");
  const below = lines.slice(head + 2);
  return below
    .slice(
      0,
      below.findIndex((line) => !line.startsWith("|")),
    )
    .map(readRow);
}

function readRow(line: string): Room {
  const cells = line.split("|").map((cell) => cell.trim());
  const [name] = quoted(cells[1]);
  const rooms = quoted(cells[3]);
  if (name === undefined) throw new Error(`No room is named: ${line}`);
  if (cells[3] === "anything") return { name, mayImport: "anything" };
  if (rooms.length === 0 && cells[3] !== "nothing of ours") {
    throw new Error(`What may ${name} import? ${line}`);
  }
  return { name, mayImport: rooms };
}

function quoted(cell = ""): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** The files that a text imports by relative path: statements, `import()` and types in doc comments. */
export function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(([, to = ""]) =>
    path.posix.join(path.posix.dirname(file), to),
  );
}

/** Files without a room, rooms without a file, and imports that the table does not allow, one line each. */
export function wrongImports(rooms: readonly Room[], imports: Imports): string[] {
  const files = [...imports.keys()];
  const empty = rooms
    .filter(({ name }) => !files.some((file) => isInside(file, name)))
    .map(({ name }) => `${name} is in the table and holds no file`);
  const wrong = files.flatMap((file) => {
    const room = roomOf(rooms, file);
    return room === undefined
      ? [`${file} is in no room of the table`]
      : (imports.get(file) ?? [])
          .filter((to) => imports.has(to) && !isAllowed(rooms, room, to))
          .map((to) => `${file} imports ${to}, which ${room.name} may not`);
  });
  return [...empty, ...wrong];
}

function isAllowed(rooms: readonly Room[], room: Room, to: string): boolean {
  return (
    room.mayImport === "anything" ||
    roomOf(rooms, to) === room ||
    room.mayImport.some((name) => isInside(to, name))
  );
}

function roomOf(rooms: readonly Room[], file: string): Room | undefined {
  return rooms
    .filter(({ name }) => isInside(file, name))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

function isInside(file: string, room: string): boolean {
  return file === room || (room.endsWith("/") && file.startsWith(room));
}

/** Circles among the rooms, by what the table allows; a room that may import anything is left out. */
export function roomCircles(rooms: readonly Room[]): string[] {
  const graph = rooms.map(({ name, mayImport }) => {
    const allowed = mayImport === "anything" ? [] : mayImport;
    const targets = rooms.filter(
      (room) => room.name !== name && allowed.some((wanted) => isInside(room.name, wanted)),
    );
    return [name, targets.map((room) => room.name)] as const;
  });
  return circles(new Map(graph));
}

/** Each circle as `a > b > a`; files of one circle are named once. */
export function circles(graph: Imports): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    const start = trail.indexOf(node);
    if (start >= 0) {
      found.push([...trail.slice(start), node].join(" > "));
    } else if (!done.has(node)) {
      for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
      done.add(node);
    }
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
