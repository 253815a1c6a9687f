//! The registry of codes. A code is given once and never reused; the hundreds say which stage found it.

use std::fmt;

use crate::diag::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident $summary:literal;)*) => {
        /// What kind of finding it is. `K01xx` syntax, `K02xx` names, `K03xx` types and units, `K04xx` aggregation and time,
        /// `K05xx` SMART, `K06xx` data, `K09xx` kepi itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// `K0101`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One line, for lists.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary,)* }
            }

            /// Its page of `docs/errors`, in Markdown.
            pub fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../../docs/errors/", $code, ".md")),)* }
            }

            /// The severity it has unless a lint level says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    // ---- K0101..K0129: reading YAML, decoding definitions
    YamlSyntax = "K0101" Error "the file is not valid YAML";
    YamlTab = "K0102" Error "a tab where YAML wants spaces";
    DuplicateKey = "K0103" Error "a key is there twice";
    UnknownKey = "K0104" Error "a key that means nothing here";
    MissingKey = "K0105" Error "a definition lacks a key it needs";
    WrongShape = "K0106" Error "a list, map or text where another shape belongs";
    YamlAnchor = "K0107" Error "YAML anchors and aliases are not used";
    YamlMerge = "K0108" Error "YAML merge keys are not used";
    YamlTag = "K0109" Error "YAML tags are not used";
    YamlDocuments = "K0110" Error "several YAML documents in one file";
    YamlTooDeep = "K0111" Error "lists and maps are nested too deep";
    YamlTooLarge = "K0112" Error "a file is too large";
    CutScalar = "K0113" Error "YAML ends a value before its time";
    NotYet = "K0114" Error "a part of the language that this version does not have yet";
    WrongValue = "K0115" Error "a value that is none of those allowed";
    NoValue = "K0116" Error "a key without a value";
    LanguageVersion = "K0117" Error "a language version that this kepi does not read";
    BadName = "K0118" Error "a name that expressions could not say";
    NoReason = "K0119" Error "a check is switched off without a reason";

    // ---- K0130..K0159: expressions, targets
    ExpressionSyntax = "K0130" Error "an expression that cannot be read";
    EmptyExpression = "K0131" Error "nothing where an expression is expected";
    Unbalanced = "K0132" Error "a parenthesis or a quote without its partner";
    ExpressionTooLarge = "K0133" Error "an expression that is too long or too deep";
    ForeignSpelling = "K0134" Error "a spelling of another language";
    TextQuotes = "K0135" Error "a text that is not in double quotes";
    NamedArgument = "K0136" Error "a named argument with a colon";
    NumberSpelling = "K0137" Error "a number that is not spelt the way numbers are";
    DurationSpelling = "K0138" Error "a length of time that is not spelt the way lengths are";
    PeriodSpelling = "K0139" Error "a date or period that is not spelt the way periods are";
    HyphenInName = "K0140" Error "a hyphen with no space around it";
    TextEscape = "K0141" Error "an unknown escape in a text";
    PhraseBesideOperator = "K0142" Error "a phrase beside an operator, without parentheses";
    ChainedComparison = "K0143" Error "one comparison after another";
    KeywordAsName = "K0144" Error "a word of the language where a name is expected";
    StepShape = "K0145" Error "a step of a sequence that is not one thing";
    TargetSyntax = "K0150" Error "a target that cannot be read";
    BaselineSyntax = "K0151" Error "a baseline that cannot be read";
    GuardrailSyntax = "K0152" Error "a guardrail that cannot be read";
    EffectSyntax = "K0153" Error "an expected effect that cannot be read";
    LinkSyntax = "K0154" Error "a link that cannot be read";

    // ---- K02xx: names
    DuplicateName = "K0201" Error "a name is defined twice";
    ReservedName = "K0202" Error "a name that is a word of the language";
    UnknownReference = "K0203" Error "a reference to what is not defined";
    DefinitionCycle = "K0204" Error "definitions that rest on each other";
    AimCycle = "K0205" Error "goals and objectives that support each other";
    BadSetting = "K0206" Error "a setting of the manifest that has no such value";
    OutsideOfProject = "K0207" Error "a path that leads out of the project";
    UnknownType = "K0208" Error "a column type that does not exist";
    UnknownFormat = "K0209" Error "a file format that does not exist";
    DefinitionsPattern = "K0210" Error "a pattern of definition files that cannot be read";
    NoDefinitions = "K0211" Error "no definition file is found";
    DefinitionUnreadable = "K0212" Error "a definition file that cannot be read";
    LinkKey = "K0215" Error "a link that cannot be its lookup's key";
    TwoWays = "K0216" Error "a lookup whose rows are said in two ways";
    UnknownLibrary = "K0217" Error "a library that kepi does not have";
    NotBound = "K0218" Error "a metric of the standard library that lacks what it measures";
    UnknownName = "K0250" Error "a name that nothing has";
    UnknownColumn = "K0251" Error "a column that the rows do not have";
    OtherSet = "K0252" Error "a column of other events than those at hand";
    NameOfOtherKind = "K0253" Error "a name used for what it is not";
    AmbiguousColumn = "K0254" Error "a column that the event and its lookup both have";
    UnknownFunction = "K0255" Error "a function that does not exist";
    ColumnCycle = "K0256" Error "computed columns that depend on each other";
    NoActor = "K0257" Error "actors are counted where a source has none";

    // ---- K0301..K0349: types
    TypeMismatch = "K0301" Error "values of two types that do not go together";
    NotACondition = "K0302" Error "a condition is wanted, something else is there";
    NotANumber = "K0303" Error "a number is wanted, something else is there";
    NotAMetric = "K0304" Error "an expression that is not one number a period";
    BadArguments = "K0305" Error "arguments that a function does not take";
    BadLiteral = "K0306" Error "a number or text outside what is allowed here";
    ColumnType = "K0307" Error "a column's declared type does not fit its file";
    TimeReading = "K0308" Error "a time column whose meaning is not said";
    UnionMismatch = "K0309" Error "event sets that cannot be united";
    NotASpanSet = "K0316" Error "spans are wanted, something else is there";
    ScoreRange = "K0317" Error "a score that its scale does not have";
    NotAnEventSet = "K0310" Error "an event set is wanted, something else is there";

    // ---- K0350..K0399: units
    UnknownUnit = "K0350" Error "a unit that does not exist";
    UnitMismatch = "K0351" Error "two units that do not go together";
    DisplayUnit = "K0352" Error "a unit that the expression cannot be shown in";
    NoFixedLength = "K0353" Error "a month, quarter or year has no fixed length";
    BareNumber = "K0354" Error "a number without a unit beside a time or a size";

    // ---- K0401..K0449: aggregation
    WrongRollup = "K0401" Error "a sum of what does not add up";
    StockOverTime = "K0402" Error "a stock is measured over more than a day";
    WindowOfWindow = "K0403" Error "a window over a window";
    NoClock = "K0404" Error "time is asked of a source without time";
    WhichSet = "K0405" Error "columns of no event set, or of several, in one measure";
    MixedCollections = "K0406" Error "two distributions or series that do not match";
    MissingInMeasure = "K0407" Error "a condition or dimension that a measure does not have";
    DuplicateDimension = "K0408" Error "a dimension is there twice";
    TooLarge = "K0409" Error "an expression grows too large";
    BadKey = "K0410" Error "`per` something that is no key";
    MixedSnapshot = "K0411" Error "events and states in one set";

    // ---- K0450..K0499: time
    NotInCalendar = "K0450" Error "a date, time or period that the calendar does not have";
    TwoReadings = "K0451" Error "a quarter or year that can be read in two ways";
    UnknownTimeZone = "K0452" Error "an unknown time zone";
    TooManyPeriods = "K0453" Error "too many periods";
    SessionRule = "K0470" Error "sessions whose end is not said";
    DerivedOfStates = "K0471" Error "rows made of states";
    DerivedClock = "K0472" Error "another clock or actor for rows that are made of others";
    PeriodRows = "K0473" Error "rows of a period where rows of a time are wanted";
    SpanLookup = "K0474" Error "a value that changes while a span lasts";
    LoneEvent = "K0454" Warning "a latest event that stands alone";

    // ---- K0460..K0469: journeys
    JourneySteps = "K0460" Error "a journey without the steps that it needs";
    JourneyOption = "K0461" Error "an option that a journey does not take, or that is missing";
    JourneyPart = "K0462" Error "a part that a journey does not have";
    JourneyInside = "K0463" Error "a journey where none can be measured";
    TablesDiffer = "K0464" Error "two tables whose rows are of different offsets";
    UnlabelledModel = "K0465" Warning "a model that does not say that it is one";

    // ---- K0501..K0549: SMART, with the definitions alone
    NoMetric = "K0501" Error "an objective without a metric";
    NoOwner = "K0502" Error "an objective that nobody owns";
    AgainstDirection = "K0503" Error "a target that goes against its own direction";
    NoTarget = "K0504" Error "an objective without a target";
    TargetUnit = "K0505" Error "an amount in another unit than its metric";
    TargetDomain = "K0506" Error "an amount that the metric cannot have";
    NoBaseline = "K0507" Error "a change from nowhere";
    ImpliedBaseline = "K0508" Warning "a baseline that is not said";
    UnsourcedBaseline = "K0509" Warning "a baseline number without a source";
    NoDue = "K0510" Error "an objective without a due date";
    DatesOutOfOrder = "K0511" Error "dates that contradict each other";
    ShortHorizon = "K0512" Error "a due date before the metric can tell";
    CheckInCadence = "K0513" Warning "check-ins that do not fit the time there is";
    Unaligned = "K0514" Warning "an objective that supports nothing";
    NoGuardrail = "K0515" Info "an aspirational objective without a guardrail";
    NothingToCompare = "K0516" Info "a target beside which nothing known stands";
    RelativePercent = "K0517" Info "per cent of a percentage";
    BenchmarkUnit = "K0518" Error "a benchmark in another unit than what it stands beside";
    OtherBenchmark = "K0519" Warning "a benchmark of another metric";
    Unowned = "K0520" Info "an objective's metric that nobody owns";
    UnknownLint = "K0521" Error "a lint that does not exist";
    BadQuantile = "K0522" Error "a quantile that is none, or that a benchmark does not have";
    UnsourcedBenchmark = "K0523" Warning "a benchmark without source or date";
    NoBetter = "K0524" Error "better or worse is not said";
    NoCheckIn = "K0525" Info "an objective without check-ins";
    UnusedMetric = "K0526" Info "a metric that nothing uses";
    VanityMetric = "K0527" Warning "an objective that is judged by a vanity metric";
    BareObjective = "K0528" Info "an objective with neither guardrail nor action";
    PartialWeeks = "K0529" Info "a rolling window that is not whole weeks";
    SameMeaning = "K0530" Warning "a metric that means what another means";
    ExpiresSoon = "K0531" Warning "a benchmark that expires soon";
    Ownerless = "K0532" Info "a definition that nobody owns";
    UnusedAllow = "K0533" Warning "an allowance that allows nothing";

    // ---- K0550..K0579: SMART, with data
    UnknownReport = "K0550" Error "there is no report of that name";
    NoNow = "K0551" Error "nothing says what \"now\" is";
    NoBaselineValue = "K0552" Error "a baseline that has no value";
    SmallBaseline = "K0553" Warning "a baseline that rests on few observations";
    StaleData = "K0554" Error "data that are too old to judge an objective";
    WithinNoise = "K0555" Warning "a target that lies within the noise of its baseline";
    Unrealistic = "K0556" Warning "a target that is all but out of reach";
    NoStretch = "K0557" Warning "a target that is reached without doing anything";
    SteepRate = "K0558" Warning "a rate of change that has hardly ever been seen";
    ShortHistory = "K0559" Info "too little history for a probability";
    StaleBenchmark = "K0560" Error "a benchmark that has expired";
    GuardrailBroken = "K0561" Warning "a guardrail does not hold";
    AlreadyReached = "K0562" Error "a target on the wrong side of its measured baseline";
    OutOfDomain = "K0563" Error "a target that no value can reach";
    NoTargetValue = "K0564" Error "a target that rests on a benchmark without a value";
    GoalpostsMoved = "K0565" Error "an objective that was changed after its start, without a reason";

    // ---- K0601..K0649: files and columns
    NoFiles = "K0601" Error "no file matches a table's pattern";
    DataFolder = "K0602" Error "a data folder cannot be read";
    OutsideData = "K0603" Error "a path leads out of the data folder";
    BadGlob = "K0604" Error "a file pattern cannot be understood";
    Unreadable = "K0605" Error "a file cannot be read";
    Corrupt = "K0606" Error "a file is damaged or malformed";
    UnsupportedFormat = "K0607" Error "a file format that this version does not read";
    MissingColumn = "K0608" Error "a column is not in the files";
    TypesDiffer = "K0609" Error "a column has different types in different files";
    ValueNotOfType = "K0610" Error "a value is not of its column's type";
    UnsupportedColumn = "K0611" Error "a column of a type that cannot be used";
    KeyNotUnique = "K0612" Error "a lookup's key occurs twice";
    ColumnOverflow = "K0613" Error "a computed column has a value that does not fit";
    BadRows = "K0614" Error "more rows that cannot be read than are left out";
    OtherEncoding = "K0615" Error "text that is not UTF-8";
    FileChanged = "K0616" Error "a file has changed while it was being read";
    NoJson = "K0617" Error "a field of a text that is no JSON";

    ValidityOverlap = "K0623" Error "two rows of a lookup's key hold at the same time";
    ValidityReversed = "K0624" Error "a row of a lookup ends before it begins";
    NoObjectStores = "K0630" Error "object stores are not part of this build";
    NoCredentials = "K0631" Error "credentials for an object store are missing";
    AccessDenied = "K0632" Error "an object store or server denies access";
    NoSuchObject = "K0633" Error "a bucket or an object does not exist";
    Unreachable = "K0634" Error "an object store or server cannot be reached";
    StoreFailed = "K0635" Error "an object store or server does not answer as it should";
    LeadsAway = "K0636" Error "a server leads away from the place that is named";
    NoListing = "K0637" Error "a web server lists no files";

    // ---- K0650..K0699: running
    NumberTooLarge = "K0650" Error "a number does not fit";
    RuntimeFailed = "K0651" Error "the machine refuses what a run needs";
    MemoryLimit = "K0652" Error "a run needs more memory than it was given";
    TooManyActors = "K0653" Error "more distinct actors than can be told apart";
    Spilling = "K0654" Error "temporary files cannot be written or read";
    DamagedEntry = "K0660" Warning "what was kept of files is damaged";
    NothingKept = "K0661" Warning "nothing can be kept of files";
    NoRepository = "K0670" Error "a project that is in no git repository";
    UnknownRevision = "K0671" Error "a revision that git does not know";
    ShallowHistory = "K0672" Error "history that was not fetched";
    GitFailed = "K0673" Error "git fails, or is not there";
    NoBase = "K0674" Error "there is nothing to compare with";
    BadTest = "K0680" Error "a test that says what cannot be asked or given";

    // ---- K09xx: kepi itself
    Internal = "K0901" Error "a mistake of kepi's own";
}

impl Code {
    /// The code with this text, whatever its case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
