"""The words that the rule tagger knows by heart."""

from collections.abc import Mapping
from types import MappingProxyType


def _table(**words: str) -> Mapping[str, str]:
    return MappingProxyType(
        {word: tag.replace("_", "$") for tag, all_ in words.items() for word in all_.split()}
    )


FUNCTION_WORDS = _table(
    DT="""a an the this these those each every some any no another either neither both all such half""",
    PRP_="my your his its our their whose thy",
    PRP="""i you he she it we they me him us them myself yourself himself herself itself ourselves
        yourselves themselves thee ye mine yours hers ours theirs""",
    MD="""will would can could shall should may might must cannot can't couldn't won't wouldn't shan't
        shouldn't mustn't needn't 'll 'd i'll you'll he'll she'll it'll we'll they'll who'll that'll i'd
        you'd he'd she'd we'd they'd who'd""",
    TO="to",
    IN="""of in on at by for with from into onto upon about above across after against along amid among
        around as before behind below beneath beside besides between beyond despite during except inside
        like near off out outside over past per since than through throughout till toward towards under
        underneath until unlike up via within without if because although though while whereas unless
        whether vs versus that so lest""",
    CC="and or but nor yet plus",
    WP="who whom what",
    WDT="which",
    WRB="when where why how whenever wherever however",
    CD="""one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
        million billion trillion dozen""",
    EX="there",
    RB="""not never always often sometimes usually seldom rarely ever already still just only even also too
        very quite rather almost nearly again soon then now here once twice today tomorrow yesterday
        tonight away back together perhaps maybe n't instead forever later earlier ago yet else well far
        long much hardly therefore thus nevertheless otherwise indeed please""",
)

BE = frozenset(
    """be is am are was were been being isn't aren't wasn't weren't i'm you're he's she's it's we're they're
    that's there's what's who's 's 're 'm""".split()
)
HAVE = frozenset(
    """have has had having haven't hasn't hadn't i've you've we've they've who've 've could've would've
    should've might've must've""".split()
)
DO = frozenset("do does did don't doesn't didn't".split())
SEEM = frozenset(
    """seem seems seemed become becomes became feel feels felt look looks looked stay stays stayed remain
    remains remained appear appears appeared keep keeps kept grow grows grew sound sounds sounded""".split()
)
GET = frozenset("get gets got getting gotten".split())
PASSIVES = BE | GET
LET = frozenset(
    "let let's make makes made help helps helped see saw watch watched hear heard lets dare".split()
)
"""Verbs that take an object and another verb: "let him use it"."""

SUBJECTS = frozenset("i you we they who".split())
SINGULAR_SUBJECTS = frozenset("he she it who which that this everybody everyone somebody nobody".split())
OBJECTS = frozenset("me him her us them it you myself himself herself themselves itself".split())
POSSESSIVES = frozenset("my your his her its our their whose".split())

PAST_CUES = frozenset(
    """yesterday ago last earlier once was were had did said went came saw told asked took gave made then
    before when after finally later first""".split()
)
PAST_VERBS = frozenset(
    """began broke brought built bought came caught chose did drew drank drove ate fell felt fought found
    flew forgot gave got went grew had heard held kept knew laid led left lent lost made meant met paid ran
    rode rose said sat saw sent shook shone shot sang sank slept slid spoke spent stood stole stuck struck
    swam swore took taught told thought threw understood was were woke wore won wrote""".split()
)
"""Common verbs, and all verbs that are also nouns or adjectives of another sound."""
PARTICIPLES = frozenset(
    """been begun broken chosen come done drawn driven eaten fallen flown forgotten given gone grown hidden
    known lain ridden risen run seen shaken shown sung sunk spoken stolen sworn swum taken thrown torn woken
    worn written""".split()
)
ADJECTIVES = frozenset(
    """able bad best better big bitter black blue bright broad brown busy certain cheap clean clear cold
    common cool daily dark dead dear deep different difficult dirty dry early easy empty entire extra fair
    fast few final fine first flat foreign free fresh full glad good grand gray great green grey half happy
    hard heavy high hot huge ill important just kind large last late least left less light little local
    lone long loud low lower main major many mild minor modern more most much narrow national native near
    new next nice noble odd old open other own pale plain poor possible pretty private proper public pure
    quick quiet rare raw ready real red rich right ripe rough round royal rude sad safe same second sharp
    short sick silent simple single slight slow small smart smooth social soft sole solid sorry sour special
    spring square steep stiff still stone strange strong sudden sure sweet tall tender thick thin third
    tight tiny top total tough true typical ugly urban usual vast warm weak wet white whole wide wild winter
    wise wrong yellow young""".split()
)
TIME_NOUNS = frozenset(
    "day days week weeks month months year years hour hours minute minutes century".split()
)

TWO_FACED = frozenset(
    """abstract absent alternate animate appropriate approximate articulate associate close compact
    complete confederate content converse coordinate corporate deliberate degenerate desolate diffuse
    duplicate elaborate expatriate frequent graduate incarnate initiate intimate invalid laminate
    legitimate live minute moderate mature obverse overhead perfect present prostrate secret separate
    sophisticate subordinate triplicate underground upset""".split()
)
"""Adjectives that are also verbs or nouns of another sound."""

VERBS = frozenset(
    """abstract abuse accept add addict address admit advocate affect affiliate affix agglomerate aggregate
    agree allow alloy ally alternate answer appear apply appropriate approximate argue arrange arrive
    articulate ask aspirate associate attack attempt attribute augment avoid become beg begin believe
    belong blow bombard bow break bring buffet build burn buy call carbonate care carry catch cause
    certificate change choose claim clean climb close closer collect collocate combine come commune
    compact compare complain complement complete compliment compound concert conduct confederate confine
    conflict conglomerate conjugate conjunct connect conscript conserve consider consist console consort
    construct contain contest continue contract contrast converse convert convict cook coordinate
    correlate cost counterbalance cover covert create cross cry cumulate curate cut dance deal decide
    decrease defect degenerate delay delegate deliver demand deny depart depend depute descant desert
    deserve destroy develop deviate dictate die digest discard discharge discount discourse discover
    discuss divide document domesticate dove downhill draw dream drink drive drop duplicate eat
    ejaculate end enjoy entail enter entrance escape escort essay estimate examine excise excommunicate
    excuse exist expatriate expect explain explant exploit export express extract face fail fall feel
    ferment fight fill finance find finish fit fly follow foretoken forget forgive form fragment
    frequent gain get give go graduate grow guess guesstimate guide handle happen hate have hear help
    hide hit hold hope house hunt hurry illegitimate imagine implant implement implicate import impress
    imprint improve incense incline include increase indent inebriate infill infix initiate inlay insert
    insist insult intend intercept interchange interdict intergrade interlay interlock interspace
    intimate intrigue introduce invert invite isolate join jump keep kick kill know laminate laugh lay
    lead learn leave legitimate lend let lie lift like listen live look lose love make manage mandate
    mark matter mean measure meet mention merchandise mind misconduct miscount misfire mishit mismatch
    misplay misprint miss misuse moderate mouth move need nitrate notice object obtain offer offset open
    order orient ornament outcaste outgo outreach overbid overburden overcall overcast overcharge
    overdose overdub overestimate overflow overhang overhaul overhead overlap overlay overload overlook
    overprint override overrun overshoot overspend oversteer overstock overstudy overthrow overturn
    overuse overweight overwork own pass pay perfect perform permit pervert pigment place plan play
    point pontificate postfix postulate precipitate predicate prefer prefetch preload premise premix
    prepare present press prevent produce progress project promise prospect protect protest prove
    provide pull purport push put quadrate raise rampage reach read realize rebel rebid reboot rebore
    rebound recall receive recharge recognize recoil record redial redirect redo redraft reduce refer
    refill refit refresh refund refuse regift regiment regret rehang rehash reheat reject relapse
    relaunch relax relay release relet remain remake remember remit remold remould remount remove
    renunciate repeat replace replay replicate reply report repost represent reprint request require
    reread rerelease rerun rescue research reshuffle resit respawn respray rest restart restyle retake
    retard retest rethink retread return reuse revamp reveal revert rewatch rewind rewrite ride ring
    rise roll row run saturate save say search see seem segment segregate sell send separate serve set
    settle shake share shed shine shoot shout show shut sing sink sit sleep slide smell smile solve
    sophisticate sound sow speak spell spend spread stand start stay steal stick stop strike study
    subcontract subject sublease sublet subordinate succeed suffer suggest supplement supply support
    suppose surprise survey survive suspect swear swim syndicate take talk taste teach tear tell thank
    think throw torment touch train transfer transform transplant transport travel treat triplicate
    trust try turn underbid undercharge undercount undercut underestimate underlay underline underscore
    underset undershoot underspend understand underuse unpeople unstick update upgrade uplift upload
    upset uptown upturn use visit vote wait wake walk want warehouse warn wash waste watch wear win wind
    wish wonder work worry wound write""".split()
)
