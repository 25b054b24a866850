// The file has no categories. A plain one is read from the words of the title, so that popularity by category means something. The
// first entry of which a word is in the title counts; a word also matches with an s at its end.

/** Category of titles in which no word of the table is found. */
export const OTHER_CATEGORY = 'other gifts';

const CATEGORY_WORDS: readonly (readonly [category: string, words: string])[] = [
  ['christmas', 'CHRISTMAS XMAS ADVENT REINDEER SANTA BAUBLE NOEL SNOWFLAKE'],
  ['bags', 'BAG SHOPPER HANDBAG PURSE RUCKSACK BACKPACK'],
  ['candles and lights', 'CANDLE T-LIGHT LANTERN LIGHT LIGHTS CANDLESTICK INCENSE LAMP'],
  [
    'kitchen and table',
    'MUG CUP CUPS SAUCER PLATE BOWL TEAPOT TEA COFFEE CAKE CAKESTAND BAKING JAR CUTLERY SPOON NAPKIN TOWEL APRON GLASS JUG TRAY PANTRY RECIPE KITCHEN LUNCH BREAD EGG BISCUIT COASTER',
  ],
  [
    'stationery',
    'CARD WRAP PAPER PENCIL PEN NOTEBOOK STICKER RIBBON TAPE STAMP CHALK JOURNAL TISSUE TISSUES ENVELOPE ERASER RULER',
  ],
  ['party', 'PARTY BUNTING BALLOON CAKES GARLAND CONFETTI'],
  ['storage', 'BOX TIN BASKET CABINET DRAWER HOOK HANGER RACK STORAGE CRATE TROLLEY'],
  ['clocks and signs', 'CLOCK SIGN BLACKBOARD DOORMAT MAGNET THERMOMETER MIRROR FRAME'],
  ['jewellery', 'NECKLACE BRACELET EARRING RING BROOCH BEAD BEADS CHARM HAIR'],
  [
    'toys and children',
    'TOY DOLL GAME CHILDREN CHILD KIDS PUZZLE SKITTLES DOMINO DOMINOES CARDS PAINT DOLLY JIGSAW CHILDRENS SPACEBOY GIRL BOY',
  ],
  ['garden', 'GARDEN PLANT FLOWER PLANTER PARASOL BIRD WATERING HERB SEED'],
  ['textiles', 'CUSHION BLANKET QUILT CURTAIN RUG THROW SLIPPER SCARF WARMER PILLOW'],
  ['decorations', 'HEART DECORATION ORNAMENT WREATH STAR HANGING ART FEATHER'],
];

const CATEGORY_OF_WORD = new Map<string, number>();
for (const [position, [, list]] of CATEGORY_WORDS.entries()) {
  for (const word of list.split(' ')) if (!CATEGORY_OF_WORD.has(word)) CATEGORY_OF_WORD.set(word, position);
}

/** The category of a title. */
export function categoryOf(title: string): string {
  let best = CATEGORY_WORDS.length;
  for (const word of title.toUpperCase().split(/[^A-Z-]+/)) {
    const position = CATEGORY_OF_WORD.get(word) ?? CATEGORY_OF_WORD.get(word.replace(/S$/, ''));
    if (position !== undefined && position < best) best = position;
  }
  return CATEGORY_WORDS[best]?.[0] ?? OTHER_CATEGORY;
}
