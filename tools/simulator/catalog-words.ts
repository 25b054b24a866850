// The words that the made-up catalog is built from: departments, shelves (the second category level), nouns, qualities, brands.
// All brands are invented.

/** A shelf: the second category level. Its products are nouns in different qualities, brands and colours. */
export interface Shelf {
  readonly name: string;
  readonly nouns: readonly string[];
  /** Price of the plainest and of the finest product, in pounds. */
  readonly prices: readonly [number, number];
  /** Shelves whose products are bought together with these. */
  readonly goesWith: readonly string[];
  /** Instead of the department's, where those would sound odd. */
  readonly qualities?: readonly string[];
  readonly colours?: readonly string[];
}

/** A department: the first category level. */
export interface Department {
  readonly name: string;
  readonly brands: readonly string[];
  readonly qualities: readonly string[];
  readonly materials: readonly string[];
  readonly colours: readonly string[];
  /** Ends every description. */
  readonly promise: string;
  readonly shelves: readonly Shelf[];
}

function shelf(
  name: string,
  nouns: string,
  from: number,
  to: number,
  goesWith: string,
  own: Pick<Shelf, 'qualities' | 'colours'> = {},
): Shelf {
  return { name, nouns: words(nouns), prices: [from, to], goesWith: words(goesWith), ...own };
}

function words(text: string): readonly string[] {
  return text.split('|');
}

export const DEPARTMENTS: readonly Department[] = [
  {
    name: 'Outdoor',
    brands: words('Fellrunner|Northbeck|Larch & Lane|Skerry'),
    qualities: words('Ultralight|Three-Season|Packable|Trail|Stormproof'),
    materials: words('ripstop nylon|recycled polyester|aluminium'),
    colours: words('Moss|Slate|Burnt Orange|Midnight'),
    promise: 'Tested on wet hills by people who would rather be dry.',
    shelves: [
      shelf('Tents', 'Two-Person Tent|Family Tent|Bivvy Tent|Tarp Shelter', 79, 420, 'Sleeping Mats|Sleeping Bags'),
      shelf('Sleeping Mats', 'Sleeping Mat|Air Mat|Foam Mat|Double Mat', 19, 110, 'Sleeping Bags|Tents'),
      shelf('Sleeping Bags', 'Down Bag|Summer Bag|Winter Bag|Sleeping Quilt', 39, 260, 'Sleeping Mats|Tents'),
      shelf('Camp Kitchen', 'Gas Stove|Pot Set|Camp Kettle|Spork Set', 6, 85, 'Tents|Backpacks'),
      shelf('Backpacks', 'Daypack|Trekking Pack|Hip Pack|Dry Bag', 18, 190, 'Camp Kitchen|Jackets'),
    ],
  },
  {
    name: 'Kitchen',
    brands: words('Copperwick|Maison Aube|Tansy|Hearthstone'),
    qualities: words('Classic|Everyday|Chef’s|Compact|Heritage'),
    materials: words('stoneware|stainless steel|cast iron|beech'),
    colours: words('Cream|Charcoal|Sage|Cobalt'),
    promise: 'Made to be used every day and washed every night.',
    shelves: [
      shelf('Pans', 'Frying Pan|Saucepan|Casserole|Wok', 18, 160, 'Utensils|Knives'),
      shelf('Knives', 'Chef Knife|Paring Knife|Bread Knife|Cleaver', 9, 140, 'Utensils|Pans'),
      shelf('Utensils', 'Spatula|Ladle|Whisk|Chopping Board', 4, 45, 'Pans|Baking'),
      shelf('Baking', 'Cake Tin|Mixing Bowl|Rolling Pin|Muffin Tray', 5, 48, 'Utensils|Cookbooks'),
      shelf('Coffee', 'Pour-Over Set|Moka Pot|Coffee Grinder|Cafetière', 14, 130, 'Mugs|Baking'),
    ],
  },
  {
    name: 'Audio',
    brands: words('Quaver|Lumen Audio|Oakridge|Bitwave'),
    qualities: words('Studio|Wireless|Compact|Reference|Pocket'),
    materials: words('walnut|brushed aluminium|soft-touch plastic'),
    colours: words('Black|White|Graphite|Walnut'),
    promise: 'Two years of guarantee, and a quiet box.',
    shelves: [
      shelf(
        'Headphones',
        'Over-Ear Headphones|Earbuds|On-Ear Headphones|Sport Earphones',
        19,
        340,
        'Audio Cables|Players',
      ),
      shelf('Speakers', 'Bookshelf Speaker|Portable Speaker|Soundbar|Subwoofer', 29, 480, 'Turntables|Audio Cables'),
      shelf('Turntables', 'Turntable|Phono Stage|Record Brush|Slipmat', 12, 390, 'Speakers|Audio Cables'),
      shelf('Players', 'Music Player|Clock Radio|DAB Radio|Voice Recorder', 24, 260, 'Headphones|Audio Cables'),
      shelf('Audio Cables', 'Speaker Cable|Jack Cable|Optical Cable|Charging Case', 5, 60, 'Speakers|Headphones', {
        qualities: words('Braided|Studio|Compact|Reference|Slim'),
      }),
    ],
  },
  {
    name: 'Books',
    brands: words('Penwick Press|Blue Door Books|Tidewater|Marrow & Co'),
    qualities: words('The Little Book of|A Year of|The Complete Guide to|Stories of|Notes on'),
    materials: words('paperback|hardback|cloth-bound'),
    colours: words('First Edition|New Edition|Illustrated|Gift Edition'),
    promise: 'Printed on paper that does not mind being read in the bath.',
    shelves: [
      shelf('Cookbooks', 'Bread|Soup|Fermenting|Sunday Baking', 9, 35, 'Baking|Pans'),
      shelf('Travel Books', 'Slow Trains|Northern Islands|Mountain Huts|Harbour Towns', 8, 30, 'Backpacks|Novels'),
      shelf('Garden Books', 'Small Gardens|Roses|Kitchen Gardens|Wild Hedges', 9, 32, 'Seeds|Garden Tools'),
      shelf('Novels', 'Quiet Rooms|The Lighthouse|Borrowed Summers|Paper Boats', 7, 24, 'Mugs|Notebooks'),
      shelf(
        'Children’s Books',
        'Brave Hedgehogs|The Moon Bus|Seven Foxes|Puddle Pirates',
        6,
        18,
        'Soft Toys|Building Toys',
      ),
    ],
  },
  {
    name: 'Garden',
    brands: words('Greenthumb & Sons|Furrow|Willowbrook|Potting Shed'),
    qualities: words('Traditional|Hard-Wearing|Weatherproof|Cottage|Everyday'),
    materials: words('ash wood|carbon steel|terracotta|jute'),
    colours: words('Natural|Forest Green|Terracotta|Stone'),
    promise: 'Better after a winter outside.',
    shelves: [
      shelf('Garden Tools', 'Spade|Hand Trowel|Secateurs|Garden Fork', 8, 75, 'Garden Gloves|Seeds'),
      shelf('Seeds', 'Tomato Seeds|Wildflower Mix|Herb Seed Set|Sweet Pea Seeds', 2, 14, 'Pots|Garden Tools', {
        qualities: words('Heirloom|Organic|Early|Hardy|Bee-Friendly'),
        colours: words('Small Packet|Large Packet|Gift Tin|Seed Tape'),
      }),
      shelf('Pots', 'Planter|Hanging Basket|Window Box|Plant Saucer', 5, 68, 'Seeds|Watering'),
      shelf('Watering', 'Watering Can|Garden Hose|Plant Mister|Rain Gauge', 6, 80, 'Pots|Seeds'),
      shelf('Garden Gloves', 'Garden Gloves|Kneeling Pad|Sun Hat|Tool Apron', 5, 38, 'Garden Tools|Watering'),
    ],
  },
  {
    name: 'Toys',
    brands: words('Tumbledown|Pip & Otto|Kobold|Little Harbour'),
    qualities: words('My First|Giant|Wooden|Classic|Travel'),
    materials: words('beech wood|organic cotton|recycled plastic'),
    colours: words('Rainbow|Red|Sky Blue|Sunshine'),
    promise: 'Safe from the first day, loved for years.',
    shelves: [
      shelf('Soft Toys', 'Bear|Rabbit|Elephant|Sleepy Fox', 9, 42, 'Children’s Books|Building Toys'),
      shelf('Building Toys', 'Block Set|Marble Run|Castle Kit|Robot Kit', 14, 95, 'Puzzles|Soft Toys'),
      shelf('Puzzles', 'Jigsaw|Puzzle Cube|Floor Puzzle|Maze Box', 7, 36, 'Board Games|Building Toys'),
      shelf('Board Games', 'Memory Game|Strategy Game|Dice Game|Card Game', 8, 55, 'Puzzles|Party', {
        qualities: words('Family|Two-Player|Wooden|Classic|Travel'),
        colours: words('First Edition|Deluxe Edition|Pocket Edition|Junior Edition'),
      }),
      shelf('Party', 'Bunting|Balloon Set|Paper Crowns|Party Bag Set', 3, 22, 'Board Games|Gift Wrap', {
        qualities: words('Birthday|Giant|Paper|Garden|Confetti'),
      }),
    ],
  },
  {
    name: 'Stationery',
    brands: words('Inkwell Row|Foolscap|Paperfold|Margin'),
    qualities: words('Pocket|Dotted|Everyday|Desk|Refillable'),
    materials: words('recycled paper|brass|linen'),
    colours: words('Navy|Ochre|Blush|Ivory'),
    promise: 'For lists, letters and the margins between.',
    shelves: [
      shelf('Notebooks', 'Notebook|Sketchbook|Planner|Journal', 4, 34, 'Pens|Desk Tidy'),
      shelf('Pens', 'Fountain Pen|Gel Pen Set|Mechanical Pencil|Brush Pen', 3, 90, 'Notebooks|Ink'),
      shelf('Ink', 'Bottled Ink|Ink Cartridges|Blotting Paper|Pen Case', 4, 40, 'Pens|Notebooks', {
        qualities: words('Everyday|Archival|Studio|Permanent|Quick-Dry'),
      }),
      shelf('Desk Tidy', 'Pen Pot|Letter Tray|Desk Pad|Card Holder', 6, 58, 'Notebooks|Lighting'),
      shelf('Gift Wrap', 'Wrapping Paper|Ribbon Set|Gift Tags|Greeting Cards', 2, 18, 'Party|Candles'),
    ],
  },
  {
    name: 'Clothing',
    brands: words('Harrow|Sunday Loom|Coveside|Thistledown'),
    qualities: words('Relaxed|Merino|Lightweight|Quilted|Heavyweight'),
    materials: words('organic cotton|merino wool|linen|recycled down'),
    colours: words('Navy|Oatmeal|Rust|Bottle Green'),
    promise: 'Cut to move in and sewn to be mended.',
    shelves: [
      shelf('Jackets', 'Rain Jacket|Down Jacket|Fleece|Chore Jacket', 49, 290, 'Hats & Scarves|Socks'),
      shelf('Knitwear', 'Crew Jumper|Cardigan|Roll Neck|Knitted Vest', 35, 150, 'Shirts|Hats & Scarves'),
      shelf('Shirts', 'Oxford Shirt|T-Shirt|Flannel Shirt|Breton Top', 15, 85, 'Knitwear|Socks'),
      shelf('Socks', 'Walking Socks|Everyday Socks|Bed Socks|Long Socks', 5, 24, 'Hats & Scarves|Shirts'),
      shelf('Hats & Scarves', 'Beanie|Scarf|Flat Cap|Mittens', 10, 60, 'Jackets|Knitwear'),
    ],
  },
  {
    name: 'Home',
    brands: words('Lint & Lamp|Solvei|Bramble House|Ostra'),
    qualities: words('Hand-Thrown|Scandi|Woven|Ribbed|Rustic'),
    materials: words('stoneware|wool|brass|soy wax'),
    colours: words('Chalk|Clay|Forest|Dusk Blue'),
    promise: 'Makes a room look as if somebody lives in it.',
    shelves: [
      shelf('Mugs', 'Mug|Espresso Cup|Teapot|Tumbler', 6, 55, 'Coffee|Tableware'),
      shelf('Tableware', 'Dinner Plate|Pasta Bowl|Serving Platter|Jug', 7, 70, 'Mugs|Table Linen'),
      shelf('Table Linen', 'Napkin Set|Table Runner|Tea Towel|Placemat Set', 5, 48, 'Tableware|Candles'),
      shelf('Candles', 'Pillar Candle|Scented Candle|Candle Holder|Tealight Lantern', 4, 52, 'Table Linen|Lighting'),
      shelf('Lighting', 'Table Lamp|Floor Lamp|Pendant Shade|Fairy Lights', 12, 210, 'Candles|Desk Tidy'),
    ],
  },
  {
    name: 'Bikes',
    brands: words('Veloria|Spindle|Cobble|Tarmac & Toe'),
    qualities: words('City|Gravel|Folding|Commuter|Touring'),
    materials: words('chromoly steel|alloy|reflective nylon'),
    colours: words('Racing Green|Black|Silver|Signal Red'),
    promise: 'Fits with one tool, which is in the box.',
    shelves: [
      shelf('Bicycles', 'Bicycle|Hybrid Bike|Cargo Bike|Kids’ Bike', 189, 1450, 'Helmets|Locks & Lights'),
      shelf('Helmets', 'Helmet|Kids’ Helmet|Helmet Cover|Cycling Cap', 9, 120, 'Locks & Lights|Bike Bags'),
      shelf('Locks & Lights', 'D-Lock|Chain Lock|Front Light|Rear Light', 9, 85, 'Helmets|Bicycles'),
      shelf('Bike Bags', 'Pannier|Saddle Bag|Handlebar Bag|Bike Basket', 14, 130, 'Bicycles|Jackets'),
      shelf('Bike Care', 'Floor Pump|Repair Kit|Chain Oil|Multi-Tool', 5, 60, 'Bicycles|Locks & Lights', {
        qualities: words('Workshop|Pocket|Touring|Commuter|Pro'),
      }),
    ],
  },
];
