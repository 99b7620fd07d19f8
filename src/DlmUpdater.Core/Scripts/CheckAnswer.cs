namespace DlmUpdater.Core.Scripts;

/// <summary>What a check (<c>needs_update.d</c>, <c>needs_reboot.d</c>) answered.</summary>
public enum CheckAnswer
{
    /// <summary>Exit code 0.</summary>
    No,

    /// <summary>Exit code 1 to 125.</summary>
    Yes,

    /// <summary>It could not run, and that is not an answer: a crashing check must cause neither an update nor a reboot loop (kured#976).</summary>
    Error,
}

/// <summary>How exit codes of checks are read.</summary>
public enum CheckRule
{
    /// <summary>0 no, 1–125 yes; 126, 127, death by signal and a timeout are errors.</summary>
    Answers,

    /// <summary>The seed's literal rule: everything but 0 is yes.</summary>
    AnyNonZero,
}

/// <summary>Reads answers out of results.</summary>
public static class CheckAnswers
{
    /// <summary>The answer that <paramref name="result"/> gives under <paramref name="rule"/>.</summary>
    public static CheckAnswer Read(ScriptResult result, CheckRule rule) => result switch
    {
        ScriptResult.Exited exited => Read(exited.Code, rule),
        _ => rule == CheckRule.AnyNonZero ? CheckAnswer.Yes : CheckAnswer.Error,
    };

    /// <summary>The answer of a recorded exit code.</summary>
    public static CheckAnswer Read(int exitCode, CheckRule rule) => exitCode switch
    {
        0 => CheckAnswer.No,
        >= 126 when rule == CheckRule.Answers => CheckAnswer.Error,
        _ => CheckAnswer.Yes,
    };
}
