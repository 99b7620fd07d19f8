using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Conformance;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>A host at Foreman.</summary>
internal sealed class ForemanRunBed : RunBed
{
    public FakeForeman Foreman { get; } = new();

    public override bool Held => Foreman.Holder == Host;

    public override bool IsFree => Foreman.Holder is null;

    protected override ILockService Client() => FakeForeman.Service(this, Host, TimeSpan.FromSeconds(2), Time);

    protected override (int Status, string Body) Handle(HttpAsk ask) => Foreman.Handle(ask.Method, Host);
}
