using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Logging;

/// <summary>Forwards a run's events to several listeners, in the order given.</summary>
internal sealed class Events(params IRunEvents[] listeners) : IRunEvents
{
    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        foreach (IRunEvents listener in listeners) listener.On(happened);
    }
}
