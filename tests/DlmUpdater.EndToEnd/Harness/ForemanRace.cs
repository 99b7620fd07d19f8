namespace DlmUpdater.EndToEnd.Harness;

/// <summary>The plugin looks first and writes later, so two hosts that ask at once are both told 200 (protocols: both rows are read before
/// either is written). Here by order and not by time: the second write comes at a moment that is chosen. Every call is made under the
/// server's own lock.</summary>
internal sealed class ForemanRace
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private LateWrite late;
    private string? first;
    private string? second;
    private TaskCompletionSource? met;
    private TaskCompletionSource? overwritten;

    internal int BothTold { get; private set; }

    /// <summary>True while a PUT of a free lock belongs to the race.</summary>
    internal bool IsOpen => late != LateWrite.Never && second is null;

    internal void Begin(LateWrite when) => (late, first, second, met, overwritten) = (when, null, null, null, null);

    /// <summary>A host has been found entitled to write. The task ends when it is to be told so.</summary>
    internal Task Meet(string host, Action<string> write)
    {
        if (first is null || first == host)
        {
            first = host;
            met ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return met.Task.WaitAsync(Patience);
        }

        second = host;
        overwritten = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        BothTold++;
        write(first);
        if (late == LateWrite.BeforeTheLook) Overwrite(write);
        met!.SetResult();
        return overwritten.Task.WaitAsync(Patience);
    }

    /// <summary>A host was shown the lock; what it was shown is already settled.</summary>
    internal void Looked(string host, Action<string> write)
    {
        if (late == LateWrite.AfterTheLook && second is not null && host == first && !overwritten!.Task.IsCompleted) Overwrite(write);
    }

    private void Overwrite(Action<string> write)
    {
        write(second!);
        overwritten!.SetResult();
    }
}
