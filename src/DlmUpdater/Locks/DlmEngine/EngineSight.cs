using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>What a look at the lock showed.</summary>
internal abstract record EngineSight
{
    /// <summary>Somebody holds it.</summary>
    internal sealed record Seen(EngineLock Lock) : EngineSight;

    /// <summary>Nobody is seen to hold it. A deletion that stopped half-way looks the same, and lets nobody in.</summary>
    internal sealed record Missing : EngineSight;

    /// <summary>This host may not look; one line that says what to fix.</summary>
    internal sealed record Refused(string Why) : EngineSight;

    /// <summary>No usable answer.</summary>
    internal sealed record Unusable(string Why) : EngineSight;

    /// <summary>Reads the body of a 200, and believes it only if it is whole and about this very lock.</summary>
    internal static EngineSight Of(HttpReply.Answer answer, EngineApi api, string name, EngineWords words)
    {
        if (answer.BodyProblem is { } problem)
            return new Unusable($"the answer of {words.Server} {problem}: check [dlmengine] url and the proxies on the way");
        if (api.Read(answer.Body, out string why) is not { } seen)
            return new Unusable($"the answer of {words.Server} is not a lock of DLMEngine ({why}): check [dlmengine] url and api, and "
                + "the proxies on the way");
        return seen.Name == name
            ? new Seen(seen)
            : new Unusable($"{words.Server} answered with the lock '{words.Hide(OneLine.Of(seen.Name))}' when asked for '{name}': "
                + "check [dlmengine] url and the proxies on the way");
    }
}
