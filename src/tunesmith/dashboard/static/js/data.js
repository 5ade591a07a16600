// The trials that the page knows, and what is asked of them: filter, sort, pages.

export class Trials {
  constructor(columns, fields) {
    this.columns = [...columns, ...fields.map((f) => f.name)];
    this.fixed = columns.length;
    this.rows = [];
    this.epoch = "";
    this.mark = 0;
  }

  take(answer) {
    if (answer.is_whole) this.rows = [];
    for (const row of answer.rows) this.rows[row[0]] = row;
    this.epoch = answer.epoch;
    this.mark = answer.mark;
  }

  at(name) { return this.columns.indexOf(name); }
}

const NAMES = { trial: "number", time: "seconds" };
const TERM = /([^\s<>=!"]+)\s*(<=|>=|!=|=|<|>)\s*("[^"]*"|\S+)|"([^"]+)"|(\S+)/g;

// "lr<0.01 optimizer=adam exploded" as a test of one row; what is not understood is searched for as text.
export function compile(query, trials) {
  const tests = [];
  for (const [, name, sign, wanted, quoted, word] of query.matchAll(TERM)) {
    const place = name === undefined ? -1 : trials.at(NAMES[name.toLowerCase()] || name);
    if (place >= 0) tests.push((row) => compare(row[place], sign, wanted.replaceAll('"', "")));
    else {
      const text = (quoted ?? word ?? `${name}${sign}${wanted}`).toLowerCase();
      tests.push((row) => row.some((v) => typeof v === "string" && v.toLowerCase().includes(text)) || String(row[0]) === text);
    }
  }
  return (row) => tests.every((test) => test(row));
}

function compare(value, sign, wanted) {
  if (value === null || value === undefined) return false;
  const [a, b] = [Number(value), Number(wanted)];
  const isNumber = wanted !== "" && !Number.isNaN(a) && !Number.isNaN(b);
  const [x, y] = isNumber ? [a, b] : [String(value).toLowerCase(), wanted.toLowerCase()];
  switch (sign) {
    case "<": return x < y;
    case ">": return x > y;
    case "<=": return x <= y;
    case ">=": return x >= y;
    case "!=": return x !== y;
    default: return x === y;
  }
}

// Rows in order; what has no value comes last either way.
export function sorted(rows, place, isDown) {
  const sign = isDown ? -1 : 1;
  const key = (row) => { const v = row[place]; return v === "" || v === undefined ? null : v; };
  return rows.slice().sort((one, two) => {
    const [a, b] = [key(one), key(two)];
    if (a === null || b === null) return (a === null) - (b === null) || one[0] - two[0];
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    if (a === b) return one[0] - two[0];
    return a < b ? -sign : sign;
  });
}
