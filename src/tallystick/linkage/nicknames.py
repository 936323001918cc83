"""The full form of a familiar first name (``bill`` is ``william``), for comparing and for blocking.

The table was put together for this project from common English, Scottish, Welsh and Irish usage, old and new. A familiar
name that stands for several full ones is filed under the commonest; the others are found by the similarity of the spelling.
"""

from __future__ import annotations

_FAMILIES = """
abigail: abby abbie abbey nabby
abraham: abe abram bram
adelaide: addie addy ada della
agnes: aggie aggy nessie
albert: al bert bertie alby
alexander: alex alec alick alexr xander eck lex alistair alasdair alister sandy sander saunders
alexandra: alexa sandra
alfred: alf alfie
alice: allie alicia
amanda: mandy
amelia: millie milly emelia amy
andrew: andy drew andie dandy
angela: angie ange
ann: anne anna annie hannah nan nancy nanny nana anny annette anita
anthony: tony antony ant antoine
antonia: toni
arabella: bella
archibald: archie archy baldie
arthur: art artie
augustus: gus august augustine austin gussie
augusta: gussy
barbara: barb babs barbie bab
barnaby: barney
bartholomew: bart bat
beatrice: bea beatty trixie beatrix
benjamin: ben benny benjy benji benj
bernard: bernie barnard
bridget: biddy bridie bride
caroline: carrie caro lina carolyn carol
catherine: cathy kate katie kathy katherine kathryn kitty kit cath catharine cat katharine kathleen kay katy kath cathleen katrina
cecilia: cissy cis cecily celia
charles: charlie charley chas chuck chaz carl charly
charlotte: lottie lotty charly lotta
christina: tina chrissie christine chris christie christiana kirsty
christopher: kester topher kit christy
clara: clare claire clarissa
constance: connie
cornelius: con neil corny
daniel: dan danny
david: dave davy davie davey dai taffy
deborah: deb debbie debby
dennis: den denny denis
diana: di diane
donald: don donny
dorothy: dot dottie dolly dora dorothea dodo
douglas: doug dougie
duncan: dunc
ebenezer: eben
edith: edie
edmund: edmond
edward: ed eddie ted teddy ned neddy eddy edwd edwin
edwina: winnie
eleanor: nell nelly nellie elinor nora ellen elena leonora eleanora helen helena ellie ella
elijah: eli
elizabeth: liz lizzie beth betty betsy eliza bess bessie libby elisabeth lisa elspeth elsie liza lizzy bette lily lilian lillian lisbeth betsey
emily: em emmie
emma: emmy
ernest: ernie ern
esther: essie hester hetty
eugene: gene
euphemia: effie phemie
evelyn: eve evie eva
ezekiel: zeke
felicity: fliss
florence: flo florrie flossie
frances: fanny fran francesca francie franny
francis: frank frankie
franklin: franky
frederick: fred freddie freddy frederic fredk fritz
gabriel: gabe
geoffrey: geoff jeff jeffrey jeffery
george: georgie geordie geo dod
georgina: georgiana georgia gina
gerald: gerry jerry gerard
gertrude: gertie trudy gert trudi
gilbert: gil gib
giles: gyles
grace: gracie
graham: graeme grahame
gregory: greg gregor
gwendoline: gwen gwendolen gwenda
harriet: hattie harriett hatty
harold: hal harry
henrietta: etta hettie
henry: hank hen henery
herbert: herb herbie
hezekiah: hez
horace: horatio
hubert: bertram hugh hughie hew huw hugo huey shug
humphrey: humph
ian: iain
isaac: ike izaak zac
isabella: isabel isabelle isobel belle ella tibby ishbel izzy bell
jacob: jake
jacqueline: jackie jacqui
james: jim jimmy jimmie jamie jas jem jemmy hamish seamus
jane: jenny janet janie jean jeanie jessie jennie jenney
janice: jan
jasper: caspar
jemima: mima
jennifer: jen jenni
jeremiah: jeremy jerimiah jez
joan: joanna joanne jo joanie johanna
john: jack johnny jon johnnie jock ian sean shaun evan ivan jno hans jackie jonny
jonathan: jonathon nathan
joseph: joe joey jos jo
josephine: josie josey
joshua: josh
joyce: joy
judith: judy judi
julia: jill julie gillian juliet juliana
kenneth: ken kenny
laurence: lawrence larry laurie lawrie lawson
lavinia: vinnie
leonard: len lenny leo lennie
leslie: les
letitia: lettie letty
lewis: louis lou lew louie ludwig ludovic
louisa: louise lulu
lucy: lucinda lucille lucia lu
lydia: liddy
mabel: mab
magdalene: lena magdalen maddie madeline madeleine
malcolm: mal calum
margaret: maggie meg peggy madge marjorie margery rita greta daisy marge margot peg mags marjory maisie meggie margt mysie gretta
maria: mariah
martha: patty mattie marty
martin: mart
mary: molly polly may marie moll poll mamie minnie maureen moira mae marian marion miriam mally maidie
matilda: tilly tillie maud maude
matthew: matt mat matty mathew
maurice: morris morrie
michael: mike mick mickey micky mikey mitch mikael michl
mildred: mil
montague: monty montgomery
moses: mose
nathaniel: nat nate nathl
nicholas: nick nicky nicolas colin nico klaus claus
nicola: nikki nicole
norman: norm
oliver: ollie olly noll
oswald: ozzie
pamela: pam
patience: pat
patricia: trish tricia patsy
patrick: paddy pat packie
paul: pauly
pauline: paula
penelope: penny pen nelly
percival: percy
peter: pete peers piers
philip: phil phillip pip
philippa: pippa
phoebe: phebe
priscilla: cilla prissy
prudence: pru prue
rachel: rae rachael
ralph: rafe ralf
randolph: randy randall dolph
raymond: ray
rebecca: becky becca beck
reginald: reg reggie rex
reuben: rube
richard: dick rick ricky dickie rich richie ritchie dickon rickie dicky richd
robert: bob bobby rob robbie robin bobbie rab rabbie robby dob robt rupert
roderick: rod roddy rory
rodney: rodger
roger: rodge hodge
roland: rowland rollo orlando
ronald: ron ronnie ronny
rosalind: ros roz
rosamund: rosamond
rose: rosie rosa rosanna
rosemary: romy
roxanne: roxy
ruth: ruthie
samuel: sam sammy samson saml
samantha: sammie
sarah: sally sadie sal sara
sebastian: seb
sidney: sid sydney syd
silas: silvanus
simon: sim simeon si
solomon: sol
sophia: sophie sophy
stanley: stan
stephen: steve steven stevie steph ste
stephanie: stef steffi
stuart: stewart stu
susan: sue susie suzy susanna susannah sukey suzanne sukie
sylvia: silvia sylvie
terence: terry terrence tel
theodora: thea
theodore: theo theodor
theresa: tess terri tessa teresa tracy
thomas: tom tommy thom tam tommie tammy thos massey
timothy: tim timmy
tobias: toby
ursula: ursie
valerie: val
veronica: ron nica
victor: vic vick
victoria: vicky vicki tori queenie vickie
vincent: vince vin vinny
violet: vi
virginia: ginny ginger
vivian: viv vivien
walter: walt wat wally wattie
wilfred: wilf wilfrid
wilhelmina: mina minna willa
william: will bill billy willie willy wm liam wills gwilym wilhelm bil billie guglielmo
winifred: win freda
winston: winnie
zachariah: zach zack zachary zak
"""

ROOTS: dict[str, str] = {}
for _line in _FAMILIES.split("\n"):
    _root, _, _familiar = _line.partition(":")
    for _name in (_root, *_familiar.split()):
        if _name:
            ROOTS.setdefault(_name, _root)


def root(first_name: str) -> str:
    """Return the full form of a first name in standard form, or the name itself.

    >>> root("bill"), root("zebedee")
    ('william', 'zebedee')
    """
    return ROOTS.get(first_name, first_name)
