// Pictures of products, drawn here: a small set of shapes, chosen by a word of the title or category. A shape is a list of paths in
// a 48 x 48 box; one that begins with `*` is filled, the others are lines.

const SHAPES = {
  apple: ['*M24 16c-4-4-14-3-14 8s7 17 10 17c2 0 2-1 4-1s2 1 4 1c3 0 10-6 10-17s-10-12-14-8z', 'M24 16c0-5 2-8 6-9'],
  backpack: [
    '*M13 18a11 10 0 0 1 22 0v20a3 3 0 0 1-3 3H16a3 3 0 0 1-3-3z',
    'M19 9c0-5 10-5 10 0M18 28h12v8H18zM20 18h8',
  ],
  ball: ['*M24 8a16 16 0 1 1 0 32 16 16 0 0 1 0-32z', 'M11 15c8 4 8 14 0 18M37 15c-8 4-8 14 0 18M24 8v32'],
  bed: ['*M6 22h36v12H6z', 'M6 12v28M42 34v6M6 22v-4a3 3 0 0 1 3-3h6a3 3 0 0 1 3 3v4M18 22v-6h21a3 3 0 0 1 3 3v3'],
  bike: [
    '*M12 24a8 8 0 1 1 0 16 8 8 0 0 1 0-16z',
    '*M36 24a8 8 0 1 1 0 16 8 8 0 0 1 0-16z',
    'M12 32l7-16h12l5 16M19 16l6 16h-13M25 32l7-14M16 12h6M31 16l-1-5h5',
  ],
  blanket: ['*M10 9h28v25H10z', 'M10 28h28M10 15h28M14 34v6M20 34v6M28 34v6M34 34v6'],
  book: [
    '*M8 10c6-2 12-2 16 2 4-4 10-4 16-2v27c-6-2-12-2-16 2-4-4-10-4-16-2z',
    'M24 12v27M13 17l6 1M29 18l6-1M13 23l6 1M29 24l6-1',
  ],
  boot: ['*M14 7h13v18c6 1 13 4 13 11v4H14z', 'M14 35h26M14 13h13M22 20h5M22 26h5'],
  bottle: [
    '*M19 18h10c4 2 5 4 5 7v14a2 2 0 0 1-2 2H16a2 2 0 0 1-2-2V25c0-3 1-5 5-7z',
    'M20 18v-5h8v5M20 13V7h8v6M14 28h20v7H14',
  ],
  bowl: ['*M6 22h36c0 10-8 16-18 16S6 32 6 22z', 'M16 41h16M16 16c-2-3 2-4 0-7M24 16c-2-3 2-4 0-7M32 16c-2-3 2-4 0-7'],
  box: ['*M24 6l16 8v20l-16 8-16-8V14z', 'M8 14l16 8 16-8M24 22v20M16 10l16 8'],
  bulb: [
    '*M24 6c8 0 13 6 13 12 0 7-6 9-7 16H18c-1-7-7-9-7-16 0-6 5-12 13-12z',
    'M19 38h10M21 42h6M20 20l4 4 4-4M24 24v10',
  ],
  camera: ['*M6 15h9l3-5h12l3 5h9v24H6z', 'M24 19a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM36 20h2'],
  candle: ['*M17 20h14v21H17z', '*M24 5c5 5 5 9 0 11-5-2-5-6 0-11z', 'M24 16v4M17 26c4 4 10-3 14 1'],
  chair: ['*M15 7h18v16H15z', '*M12 23h24v6H12z', 'M15 29v12M33 29v12M21 7v16M27 7v16'],
  chocolate: ['*M12 7h24v34H12z', 'M24 7v34M12 15.500h24M12 24h24M12 32.500h24'],
  clock: ['*M24 7a17 17 0 1 1 0 34 17 17 0 0 1 0-34z', 'M24 14v10l7 5'],
  cushion: ['*M8 12c10 3 22 3 32 0-3 8-3 16 0 24-10-3-22-3-32 0 3-8 3-16 0-24z', 'M18 24h12M24 18v12'],
  dress: ['*M18 6l2 4h8l2-4 4 2-2 11 8 23H8l8-23-2-11z', 'M16 19h16'],
  dumbbell: ['*M6 17h7v14H6zM35 17h7v14h-7z', '*M13 13h5v22h-5zM30 13h5v22h-5z', 'M18 24h12'],
  flower: [
    '*M24 6a6 6 0 0 1 6 8 6 6 0 1 1-3 10 6 6 0 1 1-6 0 6 6 0 1 1-3-10 6 6 0 0 1 6-8z',
    'M24 26v16M24 36c-6 0-8-3-9-6 6 0 9 2 9 6zM24 39c5 0 7-2 8-5-5 0-8 1-8 5z',
  ],
  frame: ['*M9 8h30v32H9z', 'M14 13h20v22H14zM14 30l6-7 5 5 4-6 5 7'],
  game: [
    '*M14 15h20a10 10 0 0 1 9 11c0 9-6 12-10 5h-18c-4 7-10 4-10-5a10 10 0 0 1 9-11z',
    'M16 19v8M12 23h8M31 21h1M35 25h1',
  ],
  gift: [
    '*M8 17h32v8H8z',
    '*M11 25h26v16H11z',
    'M24 17v24M24 17c-10 0-10-10-4-10 3 0 4 6 4 10zM24 17c10 0 10-10 4-10-3 0-4 6-4 10z',
  ],
  glass: ['*M14 7h20c1 11-3 17-10 17S13 18 14 7z', 'M24 24v15M16 41h16M14 14h20'],
  glasses: [
    '*M13 20a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM35 20a7 7 0 1 1 0 14 7 7 0 0 1 0-14z',
    'M20 26c1-3 7-3 8 0M6 25l4-12M42 25l-4-12',
  ],
  hammer: ['*M9 9h20c5 0 8 3 8 8h-7v2H9z', '*M17 19h6v22h-6z'],
  handbag: ['*M9 19h30l3 21H6z', 'M16 24v-8a8 8 0 0 1 16 0v8'],
  hat: ['*M14 28c-1-18 21-18 20 0z', '*M5 30c10-5 28-5 38 0-6 8-32 8-38 0z', 'M14 25c6 3 14 3 20 0'],
  headphones: ['*M6 27h8v13H9a3 3 0 0 1-3-3z', '*M34 27h8v10a3 3 0 0 1-3 3h-5z', 'M8 27v-3a16 16 0 0 1 32 0v3'],
  jacket: ['*M17 7L6 13l3 12 5-2v18h20V23l5 2 3-12-11-6-7 5z', 'M24 12v29M18 29h-2M32 29h-2'],
  kettle: ['*M14 18h18l5 22H9z', 'M16 18c0-10 14-10 14 0M36 24l5-5M23 18v-3M14 31h18'],
  knife: ['*M10 6c10 6 12 16 12 22H10z', '*M10 28h6v14h-6z', 'M34 6v36M28 6v10a6 6 0 0 0 12 0V6M34 6v10'],
  lamp: ['*M17 7h14l7 17H10z', 'M24 24v15M15 41h18M24 24'],
  lantern: [
    '*M15 13h18v5H15z',
    '*M17 18h14l2 18H15z',
    '*M13 36h22v5H13z',
    'M18 13a6 7 0 0 1 12 0M24 32c-4-4 0-5 0-10 3 4 4 7 0 10z',
  ],
  laptop: ['*M10 10h28v21H10z', '*M4 34h40l-3 5H7z', 'M21 34h6'],
  mat: ['*M8 12h24a6 6 0 0 1 6 6v20H14', '*M14 38a6 6 0 1 1-6-6V12', 'M20 18h12M20 24h12'],
  mug: [
    '*M10 15h22v19a6 6 0 0 1-6 6H16a6 6 0 0 1-6-6z',
    'M32 20h3a5 5 0 0 1 5 5v1a6 6 0 0 1-6 6h-2M17 10c-2-2 1-3 0-5M24 10c-2-2 1-3 0-5',
  ],
  note: [
    '*M13 30a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
    '*M31 26a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
    'M18 35V12l18-5v24M18 19l18-5',
  ],
  pan: ['*M7 20h34v13a6 6 0 0 1-6 6H13a6 6 0 0 1-6-6z', 'M3 25h4M41 25h4M11 20c0-8 26-8 26 0M24 13v-3'],
  paw: [
    '*M24 24c6 0 11 5 11 10s-6 5-11 5-11 0-11-5 5-10 11-10z',
    '*M11 18a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM37 18a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM18 9a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM30 9a4 4 0 1 1 0 8 4 4 0 0 1 0-8z',
  ],
  pen: ['*M31 7l10 10-23 23-11 1 1-11z', 'M26 12l10 10M8 30l10 10'],
  phone: ['*M16 6h16a3 3 0 0 1 3 3v30a3 3 0 0 1-3 3H16a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3z', 'M13 12h22M13 34h22M22 38h4'],
  plant: [
    '*M14 28h20l-3 13H17z',
    '*M24 20C15 20 11 15 11 8c8 0 13 5 13 12z',
    '*M24 24c0-8 5-12 13-12 0 8-5 12-13 12z',
    'M24 28v-9',
  ],
  plate: ['*M24 8a16 16 0 1 1 0 32 16 16 0 0 1 0-32z', 'M24 15a9 9 0 1 1 0 18 9 9 0 0 1 0-18z'],
  puzzle: ['*M9 14h9c-3-7 9-7 6 0h9v9c7-3 7 9 0 6v10H9z', 'M16 30h10'],
  ring: ['*M18 6h12l4 5-10 9-10-9z', 'M24 19a11.500 11.500 0 1 1 0 23 11.500 11.500 0 0 1 0-23zM14 11h20'],
  rocket: [
    '*M24 5c8 6 9 16 6 26H18C15 21 16 11 24 5z',
    'M18 23l-7 8v6l7-4M30 23l7 8v6l-7-4M24 36v6M24 14a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  ],
  scarf: ['*M12 8c8 5 16 5 24 0l2 8c-6 5-22 5-28 0z', '*M26 19l9-2v22h-9z', 'M26 35v7M30 35v7M35 35v7'],
  shirt: ['*M17 7L6 13l4 10 5-2v20h18V21l5 2 4-10-11-6c-2 5-12 5-14 0z'],
  shoe: ['*M5 19c4 3 9 2 13-2l13 10c7 1 12 3 12 9v2H5z', 'M5 33h38M20 22l3-3M25 26l3-3'],
  shelf: ['*M9 7h30v34H9z', 'M9 18h30M9 29h30M14 11v7M18 11v7M22 22v7M27 24l4-1 1 6M14 34h8v7'],
  soap: ['*M17 19h14a4 4 0 0 1 4 4v17H13V23a4 4 0 0 1 4-4z', 'M21 19v-6h6v6M24 13V8h9l2 3M18 28h12v6H18z'],
  sock: ['*M17 6h14v18l-9 15c-4 5-15 1-12-6l7-9z', 'M17 12h14M24 27l7-3'],
  sofa: [
    '*M11 24v-6a5 5 0 0 1 5-5h16a5 5 0 0 1 5 5v6',
    '*M6 24a4 4 0 0 1 8 0v4h20v-4a4 4 0 0 1 8 0v12H6z',
    'M10 36v4M38 36v4M24 13v15',
  ],
  speaker: ['*M13 6h22v36H13z', 'M24 22a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM24 11a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM24 28v2'],
  star: [
    '*M24 6l5.500 12 13 1.500-9.700 8.800 2.700 12.900L24 34.500l-11.500 6.700 2.700-12.900-9.700-8.800 13-1.500z',
  ],
  table: ['*M5 16h38v6H5z', 'M10 22v18M38 22v18M10 30h28'],
  teddy: [
    '*M12 8a6 6 0 1 1-1 12M36 8a6 6 0 1 0 1 12',
    '*M24 9a14 13 0 1 1 0 27 14 13 0 0 1 0-27z',
    'M18 20h1M29 20h1M24 25a6 4 0 1 1 0 8 6 4 0 0 1 0-8zM24 27v2',
  ],
  tent: ['*M24 9l19 30H5z', 'M24 9v-4M24 20l-9 19M24 20l9 19'],
  towel: ['*M12 8h24v30H12z', 'M8 8h32M12 30h24M12 33h24'],
  trousers: ['*M14 7h20l3 34h-9l-4-22-4 22h-9z', 'M14 13h20M24 7v12'],
  umbrella: ['*M6 26a18 18 0 0 1 36 0c-4-4-8-4-12 0-4-4-8-4-12 0-4-4-8-4-12 0z', 'M24 24v14a4 4 0 0 1-8 0M24 8V5'],
  vase: ['*M19 8h10l-2 8c6 4 8 8 8 13 0 7-4 12-11 12s-11-5-11-12c0-5 2-9 8-13z', 'M14 26c6 4 14 4 20 0'],
  watch: ['*M24 13a11 11 0 1 1 0 22 11 11 0 0 1 0-22z', 'M18 14l1-9h10l1 9M18 34l1 9h10l1-9M24 19v5l4 2'],
};

/** Words and their shape. Of several words in a title the last one counts, for the noun comes last: a quilted cardigan is no quilt. */
const WORDS = {
  apple: 'apple|fruit|food|grocer|honey|jam|bread|cheese|nut|berry|vegetable|pantry|spice|soup',
  backpack: 'backpack|rucksack|daypack|trekking pack|hip pack|dry bag|pannier|school bag',
  ball: 'ball|soccer|tennis|racket|sport',
  bed: 'bed|mattress|duvet|bedding',
  bike: 'bike|bicycle|cycl|saddle|locks & lights|bike care',
  blanket: 'blanket|throw|rug|carpet|curtain|table runner|placemat|napkin',
  book: 'book|novel|guide|atlas|sketchbook',
  boot: 'boot|hiking shoe|wellington',
  bottle: 'bottle|flask|thermos|juice|water|syrup|sauce|watering|hose|mister|chain oil|ink',
  bowl: 'bowl|cereal|muesli|oat|noodle|rice|pasta|basket',
  box: 'box|crate|letter tray|card holder',
  bulb: 'bulb|fairy light|front light|rear light',
  camera: 'camera|lens|tripod|binocular',
  candle: 'candle|wax|incense|tealight',
  chair: 'armchair|chair|stool|bench',
  chocolate: 'chocolate|candy|caramel|sweet|snack|biscuit|cookie',
  clock: 'clock|alarm|timer|rain gauge',
  cushion: 'cushion|pillow|kneeling pad',
  dress: 'dress|skirt|gown',
  dumbbell: 'dumbbell|kettlebell|weight|fitness|gym',
  flower: 'rose|tulip|bouquet|flower|wildflower|floral|lily|orchid|daisy|sweet pea',
  frame: 'frame|mirror|poster|print|canvas|paint|art',
  game: 'controller|console|gaming|card game',
  gift: 'gift|christmas|seasonal|holiday|party|ribbon|wrapping|balloon|bunting|crown',
  glass: 'wine|goblet|tumbler|champagne',
  glasses: 'sunglass|eyewear|goggle',
  hammer:
    'hammer|drill|saw|wrench|screw|tool|multi-tool|plier|hardware|repair|pump|secateur|spade|trowel|fork|lock|d-lock',
  handbag: 'handbag|tote|purse|wallet|satchel|bag|luggage|accessor|pen case|charging case',
  hat: 'hat|beanie|cap|helmet',
  headphones: 'headphone|earbud|headset|earphone|in-ear|over-ear',
  jacket: 'jacket|coat|parka|vest|fleece|hood|cardigan|sweater|jumper|roll neck|knitwear',
  kettle: 'teapot|kettle|jug|moka pot|pour-over|cafetière|watering can|gas stove|coffee grinder',
  knife: 'knife|knives|cleaver|cutlery|spoon|spork|spatula|whisk|ladle|utensil|rolling pin',
  lamp: 'lamp|light|sconce|lighting|pendant shade',
  lantern: 'lantern|torch|headlamp',
  laptop: 'laptop|keyboard|monitor|tablet|computer|electronic|tech',
  mat: 'mat|yoga|sleeping|sleeping bag|down bag|summer bag|winter bag|sleeping quilt|slipmat',
  mug: 'mug|coffee|espresso|cocoa|tea|cup',
  note: 'guitar|piano|music|violin|drum|flute|instrument|ukulele|vinyl|audio|turntable|phono|record|cable',
  pan: 'pan|saucepan|pot set|skillet|wok|casserole|oven|cook|kitchen|houseware|baking|cake tin|muffin',
  paw: 'dog|cat|pet|paw|leash',
  pen: 'pen|pencil|notebook|journal|planner|paper|stationery|marker|crayon|greeting card|desk pad|chopping board',
  phone: 'phone|charger|power bank|music player|voice recorder',
  plant: 'plant|planter|fern|cactus|succulent|garden|seed|leaf|tree|herb|pot|window box|hanging basket|saucer',
  plate: 'plate|dish|platter|tableware',
  puzzle: 'puzzle|jigsaw|maze|game|block|brick|castle|marble run|dice',
  ring: 'ring|necklace|earring|bracelet|jewel|pendant',
  rocket: 'toy|kids|rocket|train|car|robot|kite',
  scarf: 'scarf|shawl|glove|mitten',
  shelf: 'shelf|shelv|bookcase|cabinet|dresser|rack|organi|drawer|desk tidy|pen pot',
  shirt: 'shirt|tee|t-shirt|blouse|top|polo|apparel|cloth|wear',
  shoe: 'shoe|sneaker|trainer|sandal|slipper|loafer|footwear',
  soap: 'soap|lotion|cream|balm|serum|shampoo|wash|skin|beauty|cosmetic|lip',
  sock: 'sock|stocking|tights',
  sofa: 'sofa|couch|loveseat|futon|furniture',
  speaker: 'speaker|radio|sound|soundbar|subwoofer|clock radio',
  star: 'star|ornament|decor',
  table: 'table|desk',
  teddy: 'teddy|doll|plush|bear|rabbit|elephant|fox|soft toy',
  tent: 'tent|shelter|tarp|hammock|outdoor|camp',
  towel: 'towel|linen|apron|curtain',
  trousers: 'trouser|jean|pant|short|legging',
  umbrella: 'umbrella',
  vase: 'vase|pitcher|urn|home',
  watch: 'watch',
};

/** One expression for each shape; a word counts from where a word begins, so that "Ultralight" is no light. */
const MATCHERS = Object.entries(WORDS).map(([shape, words]) => [
  shape,
  new RegExp(`\\b(?:${words})(?:e?s|y|ies)?\\b`, 'g'),
]);

/** The shape of the word that ends last in `text`; of two that end together, the longer. */
function lastShape(text) {
  let best;
  let bestEnd = -1;
  let bestLength = 0;
  for (const [shape, matcher] of MATCHERS) {
    for (const match of text.matchAll(matcher)) {
      const end = match.index + match[0].length;
      if (end > bestEnd || (end === bestEnd && match[0].length > bestLength)) {
        best = shape;
        bestEnd = end;
        bestLength = match[0].length;
      }
    }
  }
  return best;
}

/** The paths of the shape for a product: the noun of its title decides (what follows a comma is a colour), else its narrowest category. */
export function shapeOf(title, categories) {
  // A book's title says what it is about, not what it is.
  if (/books?$/i.test(categories[0] ?? '')) return SHAPES.book;
  const name = title.toLowerCase().split(/[,(]/)[0];
  for (const text of [name, ...categories.map((category) => category.toLowerCase()).reverse()]) {
    const shape = lastShape(text);
    if (shape !== undefined) return SHAPES[shape];
  }
  return SHAPES.box;
}
