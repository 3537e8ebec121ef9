// The table of what every client says about every bundle, and its comparison with the committed one.

export const SKIPPED = 'SKIPPED';

/**
 * What one client says about one bundle. "ok": the genuine one is accepted, every changed one is refused. A letter
 * behind it stands for a change that is accepted all the same; `notes` collects what the letters mean.
 */
export function cellOf(cases, verdicts, notes) {
  const [genuine, ...changed] = cases;
  const verdict = verdicts.get(genuine.id).verdict;
  const letters = changed
    .filter(({ id }) => !['refused', 'unsupported'].includes(verdicts.get(id).verdict))
    .map(({ id, what }) => `${verdicts.get(id).verdict}: ${what}`)
    .map((note) => {
      if (!notes.includes(note)) notes.push(note);
      return letterOf(notes, note);
    });
  return [verdict === 'accepted' ? 'ok' : verdict, ...letters].join(' ');
}

const letterOf = (notes, note) => String.fromCharCode('a'.charCodeAt(0) + notes.indexOf(note));

/** `rows` of { name, cells }, under the names of the clients, as text. */
export function render(clients, rows, notes) {
  const lines = [['signed by', ...clients], ...rows.map(({ name, cells }) => [name, ...cells])];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const table = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join(' | ').trimEnd());
  const legend = notes.map((note) => `${letterOf(notes, note)} = ${note}`);
  return [...table, '', ...legend, ''].join('\n');
}

function parse(text) {
  const [head, ...rest] = text.split('\n');
  const split = (line) => line.split('|').map((cell) => cell.trim());
  const legend = new Map(rest.filter((line) => / = /.test(line)).map((line) => line.split(' = ')));
  const meaning = (cell) => cell.split(' ').map((word) => legend.get(word) ?? word).join('; ');
  const [, ...clients] = split(head);
  const cells = new Map();
  for (const line of rest.filter((candidate) => candidate.includes('|'))) {
    const [row, ...values] = split(line);
    values.forEach((value, column) => cells.set(`${row} in ${clients[column]}`, meaning(value)));
  }
  return cells;
}

/** What differs between the expected table and the one that came out, cell by cell; a skipped cell is no difference. */
export function differences(expected, actual) {
  const [before, after] = [parse(expected), parse(actual)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((cell) => [cell, before.get(cell) ?? 'nothing', after.get(cell) ?? 'nothing'])
    .filter(([, was, is]) => was !== is && is !== SKIPPED)
    .map(([cell, was, is]) => `${cell}: expected ${was}, is ${is}`);
}
