// Rank the pages that a search finds. Sphinx shows only pages that hold every word of a question, and puts equal
// ones in order of their titles. Here a page counts by its words: a rare word more than a frequent one; a word of
// its title, or of its line "Also searched as", more than one of its text; part of a word least.

var Scorer = {
  title: 30,
  partialTitle: 4,
  term: 10,
  partialTerm: 1,
  objNameMatch: 40,
  objPartialMatch: 1,
  objPrio: { 0: 2, 1: 1, 2: 0 },
  objPrioDefault: 0,
};

const BY_FOLDER = { howto: 1.2, reference: 0.7 }; // what the score of a page is multiplied by
const OF_THE_BEST = 0.25; // share of the best score that a page needs to be shown

// Return the stems of the words under which the pages say that they are searched, by number of page.
const searchedAs = () => {
  const stemmer = new Stemmer();
  const found = new Map();
  for (const [phrase, entries] of Object.entries(Search._index.indexentries)) {
    const words = splitQuery(phrase).map((word) => stemmer.stemWord(word));
    for (const [page, , isMain] of entries) {
      if (isMain) found.set(page, new Set([...(found.get(page) ?? []), ...words]));
    }
  }
  return found;
};

// Return what Sphinx finds for one word alone, with the pages that are searched as this word.
const foundForWord = (search, word, excluded, aliases) => {
  const index = Search._index;
  const found = new Map(search(new Set([word]), excluded).map((result) => [result[0], result]));
  for (const [page, words] of aliases) {
    if (!words.has(word)) continue;
    const name = index.docnames[page];
    const result = [name, index.titles[page], "", null, Scorer.title, index.filenames[page], "text"];
    found.set(name, result);
  }
  return found.values();
};

// Return the pages that hold words of a question, each with the mean score of its words, weighted by their rarity.
const foundForWords = (search, words, excluded) => {
  const aliases = searchedAs();
  const pages = new Map();
  let total = 0;
  for (const word of words) {
    const found = [...foundForWord(search, word, excluded, aliases)];
    if (!found.length) continue;
    const rarity = Math.log(1 + Search._index.docnames.length / found.length);
    total += rarity;
    for (const result of found) {
      const page = pages.get(result[0]) ?? [...result.slice(0, 4), 0, ...result.slice(5)];
      page[4] += rarity * result[4] * (BY_FOLDER[result[0].split("/")[0]] ?? 1);
      pages.set(result[0], page);
    }
  }
  const best = Math.max(...[...pages.values()].map((page) => page[4]));
  const shown = [...pages.values()].filter((page) => page[4] >= OF_THE_BEST * best);
  shown.forEach((page) => (page[4] /= total));
  return shown;
};

document.addEventListener("DOMContentLoaded", () => {
  const search = Search.performTermsSearch;
  Search.performTermsSearch = (words, excluded) => foundForWords(search, words, excluded);
});
